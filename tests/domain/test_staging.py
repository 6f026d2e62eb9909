from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute
from byoip.domain.speakers.sightings import Sightings
from byoip.domain.speakers.staging import (
    GONE_AFTER,
    StageAction,
    StagedSpeaker,
    Visibility,
    announcement_visibility,
    next_action,
    seen_nowhere,
    stage_progress,
    withdrawal_visibility,
)
from tests.domain.test_reconciliation import GONE, NOW, PREFIX, WANTED

SEEN, ABSENT, UNANSWERED = Visibility.SEEN, Visibility.ABSENT, Visibility.UNANSWERED
ONE, TWO = StagedSpeaker("one", 1), StagedSpeaker("two", 2)
DOWN = replace(ONE, down_since=NOW - GONE_AFTER)
HAS = AppliedRoute(possibly_installed=True, advertised=True, change=2)


def at(**known: object) -> tuple[int | None, bool, bool]:
    given: dict[str, object] = {
        "applied": {},
        "speakers": [ONE, TWO],
        "seen": set(),
        "opened": None,
    }
    found = stage_progress(WANTED, **(given | known), now=NOW)  # type: ignore[arg-type]
    return found.stage, found.open_now, found.ready


def test_a_change_goes_from_stage_to_stage() -> None:
    assert at() == (1, True, False)
    assert at(opened=1) == (1, False, False)
    assert at(opened=1, applied={"one": HAS}) == (1, False, True)
    assert at(opened=1, applied={"one": HAS}, seen={1}) == (2, True, False)
    both = {"one": HAS, "two": HAS}
    assert at(opened=2, applied=both, seen={1}) == (2, False, True)
    assert stage_progress(WANTED, both, [ONE, TWO], {1, 2}, 2, NOW).settled


def test_a_stage_without_a_live_speaker_is_skipped_and_said_so() -> None:
    found = stage_progress(WANTED, {}, [DOWN, TWO], set(), None, NOW)
    assert (found.stage, found.skipped) == (2, (1,))


def test_a_speaker_that_just_failed_still_counts() -> None:
    failing = replace(ONE, down_since=NOW - timedelta(seconds=1))
    assert stage_progress(WANTED, {}, [failing, TWO], set(), 1, NOW).stage == 1


def test_without_any_live_speaker_nothing_is_settled() -> None:
    found = stage_progress(WANTED, {}, [DOWN], set(), None, NOW)
    assert (found.nowhere, found.settled) == (True, False)


def test_without_a_next_hop_for_the_family_nothing_is_settled() -> None:
    found = stage_progress(WANTED, {}, [replace(ONE, families=frozenset({6}))], set(), None, NOW)
    assert (found.unfit, found.settled) == ("no speaker has a next hop for IPv4", False)


@pytest.mark.parametrize(
    ("heard", "own", "first", "expected"),
    [
        (SEEN, SEEN, True, SEEN),
        (SEEN, UNANSWERED, True, SEEN),
        (SEEN, UNANSWERED, False, UNANSWERED),
        (SEEN, ABSENT, True, ABSENT),
        (ABSENT, SEEN, True, ABSENT),
        (ABSENT, UNANSWERED, True, UNANSWERED),
        (UNANSWERED, SEEN, True, SEEN),
        (UNANSWERED, ABSENT, True, ABSENT),
        (UNANSWERED, UNANSWERED, True, UNANSWERED),
    ],
)
def test_our_own_word_stands_in_for_listeners_that_cannot_be_asked(
    heard: Visibility, own: Visibility, first: bool, expected: Visibility
) -> None:
    assert announcement_visibility(heard, own, first=first) is expected


def test_of_a_withdrawal_listeners_are_asked_at_the_last_stage() -> None:
    assert withdrawal_visibility(ABSENT, SEEN, last=False) is SEEN
    assert withdrawal_visibility(ABSENT, SEEN, last=True) is ABSENT
    assert withdrawal_visibility(UNANSWERED, SEEN, last=True) is SEEN
    assert withdrawal_visibility(SEEN, UNANSWERED, last=True) is UNANSWERED


TURNED = replace(WANTED, turned=True)
LONG = timedelta(seconds=11)


@pytest.mark.parametrize(
    ("desired", "answer", "absent_for", "expected"),
    [
        (TURNED, SEEN, timedelta(0), StageAction.ON),
        (TURNED, UNANSWERED, LONG, StageAction.HOLD),
        (TURNED, ABSENT, timedelta(seconds=9), StageAction.WATCH),
        (TURNED, ABSENT, LONG, StageAction.ROLL_BACK),
        (WANTED, ABSENT, LONG, StageAction.ALARM),
        (GONE, ABSENT, LONG, StageAction.ALARM),
    ],
)
def test_only_absent_takes_back_and_only_what_was_withdrawn_before(
    desired: DesiredRoute, answer: Visibility, absent_for: timedelta, expected: StageAction
) -> None:
    assert next_action(desired, answer, absent_for, timedelta(seconds=10), unseen=True) is expected


def test_what_a_listener_sees_is_never_taken_back() -> None:
    assert (
        next_action(TURNED, ABSENT, LONG, timedelta(seconds=10), unseen=False) is StageAction.ALARM
    )


@pytest.mark.parametrize(
    ("heard", "before", "listened", "asked_all", "expected"),
    [
        (ABSENT, False, True, True, True),
        (ABSENT, False, True, False, True),
        (ABSENT, True, True, True, False),
        (SEEN, False, True, True, False),
        (SEEN, True, True, True, False),
        (UNANSWERED, False, True, True, False),
        (UNANSWERED, False, False, True, True),
        (UNANSWERED, False, False, False, False),
        (UNANSWERED, True, False, True, False),
    ],
    ids=[
        "a listener does not see it",
        "nor where a stage was skipped",
        "seen at an earlier stage",
        "a listener sees it",
        "a listener sees the earlier stage's",
        "a listener does not answer, and may see it",
        "no listener, and we do not send it",
        "no listener, and a stage was not asked",
        "no listener, and an earlier stage sends it",
    ],
)
def test_absent_here_is_not_seen_by_no_listener(
    heard: Visibility, before: bool, listened: bool, asked_all: bool, expected: bool
) -> None:
    found = seen_nowhere(heard, before=before, listened=listened, asked_all=asked_all)
    assert found is expected


@pytest.mark.parametrize(
    ("desired", "sent", "expected"),
    [
        (WANTED, {"one": {"peer": {PREFIX}}}, SEEN),
        (WANTED, {"one": {"peer": set()}}, ABSENT),
        (WANTED, {"one": {}}, UNANSWERED),  # no session: no peer could hear it
        (WANTED, {}, UNANSWERED),
        (GONE, {"one": {"peer": {PREFIX}}}, ABSENT),
        (GONE, {"one": {}}, SEEN),
        (GONE, {}, UNANSWERED),
    ],
)
def test_a_speakers_own_word(
    desired: DesiredRoute, sent: dict[str, object], expected: Visibility
) -> None:
    look = Sightings(sent=sent)  # type: ignore[arg-type]
    assert look.by_speakers(desired, [ONE]) is expected


def test_another_origin_is_not_our_route() -> None:
    origin = WANTED.route.origin
    assert Sightings(heard={"bird": {PREFIX: {origin}}}).by_listeners(WANTED) is SEEN
    assert Sightings(heard={"bird": {PREFIX: set()}}).by_listeners(WANTED) is ABSENT
    assert Sightings().by_listeners(WANTED) is UNANSWERED
