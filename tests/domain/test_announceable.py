"""What stands in the way of an announcement, all of it, in the order to deal with it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from byoip.domain.bindings.service_binding import PrefixNotApproved, Provisioning
from byoip.domain.checks.evidence import CheckState, Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.claims.claim import CheckRecord, PrefixOffboarding, PrefixSuspended
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.errors import Refusal
from byoip.domain.routes.announceable import Announceable
from byoip.domain.routes.bgp_prefix import (
    AdvertiseStateLocked,
    Contested,
    IncompleteBgpDeployment,
    LockedByOperator,
)
from byoip.domain.routes.route_validity import (
    LAST_WORD_COUNTS,
    OriginNotValid,
    OriginUnanswered,
    origin_refusal,
)
from tests.domain.samples import NOW, claim

YES = CheckRecord(CheckState.VALID, passed_at=NOW)
NO = Failed(Reason.ROA_MISSING, "No ROA covers it.", "Publish one.")
UNKNOWN = Unanswered(Fault.STALE, "The data is old.")
APPROVED = claim(irr=YES, rpki=YES, ownership=YES).approve(NOW)
FREE = Announceable(APPROVED, APPROVED.prefix, Provisioning.ACTIVE, Passed("Valid."))


def standing(one: Standing) -> Announceable:
    return replace(FREE, claim=replace(APPROVED, standing=one))


@pytest.mark.parametrize(
    ("asked", "refusal", "told"),
    [
        (standing(Standing.SUSPENDED), PrefixSuspended, "suspended"),
        (standing(Standing.CONTESTED), Contested, "proven overlapping space"),
        (standing(Standing.OFFBOARDING), PrefixOffboarding, "restore it first"),
        (replace(FREE, claim=claim()), PrefixNotApproved, "not approved"),
        (replace(FREE, locked=True), LockedByOperator, "locked"),
        (replace(FREE, still_served=True), Contested, "held overlapping space before"),
        (replace(FREE, default_binding=None), IncompleteBgpDeployment, "No service is bound"),
        (replace(FREE, default_binding=Provisioning.PROVISIONING), AdvertiseStateLocked, "every"),
        (replace(FREE, lacking=("fra", "ber")), AdvertiseStateLocked, "at fra, ber"),
        (replace(FREE, origin=NO), OriginNotValid, "Publish one"),
        (replace(FREE, origin=UNKNOWN), OriginUnanswered, "The data is old"),
    ],
)
def test_one_thing_in_the_way_is_one_obstacle(
    asked: Announceable, refusal: type[Refusal], told: str
) -> None:
    [only] = asked.obstacles(NOW)
    assert type(only) is refusal
    with pytest.raises(refusal, match=told):
        asked.require(NOW)


def test_a_free_route_has_no_obstacle_and_a_stuck_one_names_them_all() -> None:
    assert not list(FREE.obstacles(NOW))
    stuck: dict[str, Any] = {"locked": True, "default_binding": None, "origin": NO}
    names = [one.name for one in replace(standing(Standing.CONTESTED), **stuck).obstacles(NOW)]
    assert names == [
        "locked_by_operator",
        "contested",
        "origin_not_valid",
        "incomplete_bgp_deployment",
    ]


def test_a_no_counts_whatever_was_said_before() -> None:
    assert origin_refusal(Passed("Valid."), None, NOW) is None
    assert isinstance(origin_refusal(NO, NOW, NOW), OriginNotValid)


def test_no_answer_is_no_yes_but_where_one_was_given_within_seven_days() -> None:
    assert origin_refusal(UNKNOWN, NOW - LAST_WORD_COUNTS, NOW) is None
    for before in (None, NOW - LAST_WORD_COUNTS - timedelta(seconds=1)):
        assert isinstance(origin_refusal(UNKNOWN, before, NOW), OriginUnanswered)


@pytest.mark.parametrize(
    ("asked", "refusals"),
    [
        (standing(Standing.CONTESTED), []),
        (replace(standing(Standing.CONTESTED), still_served=True), [Contested]),
        (replace(standing(Standing.CONTESTED), locked=True), [LockedByOperator]),
        (replace(standing(Standing.CONTESTED), origin=NO), [OriginNotValid]),
        (standing(Standing.SUSPENDED), [PrefixSuspended]),
        (standing(Standing.OFFBOARDING), [PrefixOffboarding]),
        (
            replace(FREE, claim=replace(claim(), standing=Standing.CONTESTED)),
            [Contested, PrefixNotApproved],
        ),
    ],
)
def test_an_operators_word_announces_what_is_contested_for_who_holds_the_approval(
    asked: Announceable, refusals: list[type[Refusal]]
) -> None:
    found = replace(asked, on_word=True).obstacles(NOW)
    assert [type(one) for one in found] == refusals
