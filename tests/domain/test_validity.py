"""Until when a proof counts, and when its customer is told. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Approver, State
from byoip.domain.claims.proof import Proof
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.validity import (
    REMINDERS,
    ProofEndTooSoon,
    Validity,
    heard,
    may_be_proven_anew,
    next_due,
    over,
    proof_end,
    reminder_due,
    renewed,
)
from byoip.domain.watch.watch import Watch
from tests.store.samples import claim

NOW = datetime(2026, 11, 29, tzinfo=UTC)
DAY = timedelta(days=1)
END = NOW + 398 * DAY


def approved(days_ago: int = 0, by: Approver = Approver.CHECKS, *, of: UUID | None = None) -> Claim:
    at = NOW - days_ago * DAY
    made = replace(claim(uuid4()), state=State.APPROVED, approved_at=at, approved_by=by)
    return replace(made, id=of or uuid4())


def until(end: datetime, told: datetime | None = None) -> Claim:
    return replace(approved(), proof=Proof(NOW, end, told))


@pytest.mark.parametrize("days", [100, 398])
def test_a_new_proof_is_valid_for_the_whole_period(days: int) -> None:
    dated = Validity(days * DAY).dated(approved(), NOW)
    assert dated.proof == Proof(NOW, NOW + days * DAY)


def test_what_was_approved_before_proofs_had_an_end_ends_spread_and_not_within_90_days() -> None:
    ends = [Validity().dated(approved(3000), NOW).proof.ends_at for _ in range(2000)]
    days = sorted((one - NOW).days for one in ends if one is not None)
    assert 90 <= days[0] < days[-1] <= 398
    for first in range(90, 390, 30):  # some in every month
        assert any(first <= one < first + 30 for one in days)
    recent = Validity().dated(approved(30, of=UUID(int=0)), NOW).proof
    assert recent == Proof(NOW - 30 * DAY, NOW + 368 * DAY)  # it dates from its approval


def test_the_operators_word_has_no_end_but_the_one_that_is_set() -> None:
    word = approved(3000, Approver.OPERATOR)
    assert Validity().dated(word, NOW).proof == Proof(NOW - 3000 * DAY)
    ending = replace(word, proof=Proof(NOW, NOW + 10 * DAY))
    assert Validity().dated(ending, NOW) == ending
    assert proof_end(None, NOW) is None
    with pytest.raises(ProofEndTooSoon):
        proof_end(NOW + 6 * DAY, NOW)


def test_an_end_of_an_older_approval_does_not_count() -> None:
    # A process of the version before has revoked and approved: it leaves these columns as they are.
    stale = replace(approved(), proof=Proof(NOW - 500 * DAY, NOW - 102 * DAY, NOW - 110 * DAY))
    assert Validity().dated(stale, NOW).proof == Proof(NOW, END)


@pytest.mark.parametrize(
    ("before", "told", "due"),
    [
        (61, None, None),
        (60, None, 60),
        (59, 60, None),
        (30, 60, 30),
        (8, 30, None),
        (7, 30, 7),
        (0, 7, None),
        (-20, 30, 7),  # a worker that slept tells at once
        (40, 500, 60),  # of an end before
    ],
)
def test_reminders(before: int, told: int | None, due: int | None) -> None:
    made = until(END, None if told is None else END - told * DAY)
    found = reminder_due(made, END - before * DAY)
    assert (found and found.days) == due


def test_none_is_over_whose_customer_was_not_told_a_week_before() -> None:
    assert not over(until(END), END + 100 * DAY)
    assert not over(until(END, END - 30 * DAY), END + 100 * DAY)
    late = until(END, END + 50 * DAY)
    assert not over(late, END + 56 * DAY)
    assert over(late, END + 57 * DAY)
    assert not over(until(END, END - 7 * DAY), END - timedelta(seconds=1))
    assert over(until(END, END - 7 * DAY), END)


def test_the_signal_follows_the_calendar() -> None:
    watch = Watch(Signal.PROOF)
    assert heard(watch, until(END), END - 61 * DAY) == watch
    told = until(END, END - 7 * DAY)
    noticed = heard(watch, told, END - 60 * DAY)
    assert (noticed.level, noticed.failing_since) == (Level.NOTICE, END - 60 * DAY)
    ended = heard(noticed, told, END)
    assert ended.level is Level.FREEZE
    assert heard(ended, until(END + 398 * DAY), END).level is Level.NONE


def test_what_is_due_comes_in_order() -> None:
    at, seen = NOW, []
    made = until(END)
    while at < END + DAY:
        at = next_due(made, at)
        seen.append((END - at).days)
        if reminder_due(made, at):
            made = until(END, at)
    assert seen == [60, 30, 7, 0, -1]
    assert REMINDERS == (60 * DAY, 30 * DAY, 7 * DAY)


def test_a_token_is_of_use_once_the_proof_ends_soon() -> None:
    assert not may_be_proven_anew(until(END), END - 76 * DAY)
    assert may_be_proven_anew(until(END), END - 75 * DAY)
    ended = replace(until(END), frozen_for=frozenset({Signal.PROOF}))
    assert may_be_proven_anew(ended, END + DAY)
    sold = replace(until(END), frozen_for=frozenset({Signal.HOLDER}))
    assert may_be_proven_anew(sold, NOW)  # what more it takes: after_a_sale.py
    pending = replace(until(END), state=State.PENDING)
    assert not may_be_proven_anew(pending, END)


def test_a_new_proof_by_checks_takes_the_place_of_the_operators_word() -> None:
    word = replace(approved(10, Approver.OPERATOR), proof=Proof(NOW - 10 * DAY, NOW))
    anew = renewed(word, NOW)
    assert (anew.approved_by, anew.proof, anew.approved_at) == (
        Approver.CHECKS,
        Proof(NOW),
        word.approved_at,
    )
