"""Routes that stand behind the operator's AS: settings that travel, stages, withdrawals."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from byoip.domain.asn import AS0, Asn
from byoip.domain.routes.route import PathAttributes
from byoip.domain.speakers.reconciliation import AppliedRoute, RouteState, plan
from byoip.domain.speakers.revision import SpeakerEntry, is_rewritten, rewritten
from byoip.domain.speakers.staging import StagedSpeaker, stage_progress
from tests.domain.test_reconciliation import GONE, HAS, NOW, WANTED

OURS, OTHER = Asn(64500), Asn(64510)
BEHIND = replace(WANTED, route=replace(WANTED.route, behind=OURS))
HERE = StagedSpeaker("here", 1, local_as=OURS)
ELSEWHERE = StagedSpeaker("elsewhere", 1, local_as=OTHER)
LATER = StagedSpeaker("later", 2, local_as=OURS)


def settings(hop: str) -> SpeakerEntry:
    """As a revision has them: they do not say in which AS the speaker is."""
    return SpeakerEntry("here", "127.0.0.1:50051", 1, PathAttributes(AS0, IPv4Address(hop)))


def test_another_next_hop_rewrites_them_as_well() -> None:
    old, new = settings("192.0.2.1"), settings("192.0.2.2")
    assert is_rewritten(old, new, BEHIND.route)
    assert not is_rewritten(old, old, BEHIND.route)
    assert rewritten(None, new, [(BEHIND.route, 1000), (WANTED.route, 1)]) == 1001


def test_a_speaker_in_another_as_holds_no_stage_up() -> None:
    confirmed = {"here": HAS}
    assert stage_progress(BEHIND, confirmed, [HERE, ELSEWHERE, LATER], set(), 1, NOW).ready
    assert not stage_progress(WANTED, confirmed, [HERE, ELSEWHERE, LATER], set(), 1, NOW).ready
    unknown = replace(ELSEWHERE, local_as=None)
    assert not stage_progress(BEHIND, confirmed, [HERE, unknown], set(), 1, NOW).ready


@pytest.mark.parametrize(
    ("families", "said"),
    [
        ({4}, "no speaker with a next hop for IPv4 is in AS 64500, behind which it stands"),
        ({6}, "no speaker has a next hop for IPv4"),
    ],
)
def test_where_every_speaker_is_in_another_as_it_is_said(families: set[int], said: str) -> None:
    there = replace(ELSEWHERE, families=frozenset(families))
    found = stage_progress(BEHIND, {}, [there], set(), None, NOW)
    assert (found.unfit, found.settled) == (said, False)


def test_a_withdrawal_is_waited_for_in_every_as() -> None:
    gone = replace(GONE, route=BEHIND.route)
    told = {"here": AppliedRoute(change=gone.change), "elsewhere": HAS}
    assert not stage_progress(gone, told, [HERE, ELSEWHERE], set(), 1, NOW).ready


@pytest.mark.parametrize("asked", [True, False])
def test_a_withdrawal_reaches_a_speaker_that_has_changed_its_as(asked: bool) -> None:
    known = [RouteState(replace(GONE, route=BEHIND.route), HAS)]
    attributes = PathAttributes(OTHER, IPv4Address("198.51.100.1"))
    held = {} if not asked else {BEHIND.prefix: attributes.path(WANTED.route)}
    [update] = plan(known, attributes, lambda _: True, held if asked else None).withdraw  # type: ignore[arg-type]
    assert update.path.prefix == BEHIND.prefix
