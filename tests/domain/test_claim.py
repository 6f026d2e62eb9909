from datetime import timedelta

import pytest

from byoip.domain.checks.evidence import WINDOW, CheckState
from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.lifecycle import IllegalTransition, Standing, State, Transition
from byoip.domain.customer_text import CustomerText
from tests.domain.samples import NOW, claim

LATER = NOW + timedelta(minutes=5)
VALID = CheckRecord(CheckState.VALID, passed_at=NOW)


def proven(**changes: CheckRecord) -> Claim:
    return claim(**{"irr": VALID, "rpki": VALID, "ownership": VALID, **changes})


def test_a_claim_is_proven_when_all_three_checks_passed_within_the_hour() -> None:
    assert proven().proven(NOW)
    assert proven().proven(NOW + WINDOW)
    assert not proven().proven(NOW + WINDOW + timedelta(seconds=1))


@pytest.mark.parametrize("check", ["irr", "rpki", "ownership"])
@pytest.mark.parametrize(
    "record",
    [
        CheckRecord(),
        CheckRecord(CheckState.MISSING),
        CheckRecord(CheckState.VALID, passed_at=NOW - WINDOW - timedelta(seconds=1)),
        CheckRecord(CheckState.VALID, passed_at=None),
        CheckRecord(CheckState.INVALID, passed_at=NOW),
    ],
    ids=["never-asked", "missing", "outdated", "no-time", "no-longer"],
)
def test_one_check_short_is_not_proven(check: str, record: CheckRecord) -> None:
    assert not proven(**{check: record}).proven(NOW)


def test_approving_takes_the_space_once() -> None:
    approved = proven().approve(LATER)

    assert approved.approved
    assert (approved.approved_at, approved.modified_at) == (LATER, LATER)
    with pytest.raises(IllegalTransition):
        approved.approve(LATER)


def test_a_contest_marks_the_claim_and_changes_nothing_else() -> None:
    pending = proven()
    contested = pending.contest(LATER)

    assert contested.standing is Standing.CONTESTED
    assert (contested.state, contested.irr) == (pending.state, pending.irr)
    assert contested.contest(LATER + WINDOW) is contested


def test_a_claim_stays_on_its_way_out_though_another_proves_its_space() -> None:
    leaving = claim(standing=Standing.OFFBOARDING)
    assert leaving.contest(NOW) is leaving


@pytest.mark.parametrize("move", [Transition.REMOVED, Transition.UNPROVEN])
def test_closing_ends_a_pending_claim(move: Transition) -> None:
    closed = claim().close(move, LATER)

    assert (closed.state, closed.closed_at) == (State.CLOSED, LATER)
    with pytest.raises(IllegalTransition):
        closed.close(move, LATER)


def test_an_approved_claim_does_not_end_for_want_of_proof() -> None:
    with pytest.raises(IllegalTransition):
        proven().approve(NOW).close(Transition.UNPROVEN, LATER)


def test_only_the_customers_writes_change_the_version() -> None:
    described = claim().describe(CustomerText("rack 8"), LATER)

    assert (described.description, described.modified_at) == (CustomerText("rack 8"), LATER)
    assert described.version == 2
    assert proven().approve(NOW).contest(NOW).version == 1
