"""How long a proof of ownership is valid, when its customer is reminded, and what may renew it.

Space is sold and leases end without a word, so what was proven is proven again after a time. One
that has ended freezes the prefix and withdraws nothing. A date is known long before, so it needs no
answers: but none is frozen for it whose customer was not told a week before.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Approver
from byoip.domain.claims.proof import Proof
from byoip.domain.errors import Refusal
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.watch import Watch

LONGEST: Final = timedelta(days=398)  # as CA/B Baseline Requirements, section 4.2.1, once had it
SHORTEST: Final = timedelta(days=100)
REMINDERS: Final = (timedelta(days=60), timedelta(days=30), timedelta(days=7))
# Before the first reminder it is tried to renew the proof by what the registries say.
RENEWED_FROM: Final = timedelta(days=75)
# What was proven before proofs had an end gets one at least this far away.
NOT_WITHIN: Final = timedelta(days=90)
YEAR: Final = timedelta(days=365)
_TOLD_BEFORE: Final = timedelta(days=6, hours=12)  # a job may tell half a day late
_LATER: Final = timedelta(days=1)  # what could not be done now is tried again


class ProofByChecks(Refusal):
    """Its end follows from the checks, not from an operator."""

    name = "proof_by_checks"

    def __init__(self) -> None:
        super().__init__("This prefix is not approved on an operator's word.")


class ProofEndTooSoon(Refusal):
    """An end that its customer could not be told of in time."""

    name = "proof_end_too_soon"

    def __init__(self) -> None:
        days = REMINDERS[-1].days
        super().__init__(
            f"A proof ends {days} days from now at the earliest, so that its customer is told.",
            pointer="/proof_ends_at",
        )


@dataclass(frozen=True, slots=True)
class Validity:
    """How long proofs are valid here.

    Attributes:
        period: 100 to 398 days, by the operator's settings.
    """

    period: timedelta = LONGEST

    def dated(self, claim: Claim, now: datetime) -> Claim:
        """An approved claim with the end of its proof, where it has none yet.

        It counts from the proof, or from an approval without one. What would end within 90 days, as
        after an upgrade, ends at a day of the prefix's own, so that not all end together.
        """
        approved, proof = claim.approved_at, claim.proof
        if approved is None:
            return claim
        if proof.proven_at is None or proof.proven_at < approved:
            # Approved by a process that knew of no end; what stands there is of an older approval.
            proof = Proof(approved)
        if proof.ends_at is None and claim.approved_by is Approver.CHECKS:
            ends = max((proof.proven_at or approved) + self.period, self._slot(claim, now))
            proof = replace(proof, ends_at=ends)
        return replace(claim, proof=proof)

    def _slot(self, claim: Claim, now: datetime) -> datetime:
        """A moment between 90 days from now and a whole period; ids are random."""
        seconds = int((self.period - NOT_WITHIN).total_seconds())
        return now + NOT_WITHIN + timedelta(seconds=claim.id.int % seconds)


def proof_end(ends_at: datetime | None, now: datetime) -> datetime | None:
    """The end that an operator sets; None: none.

    Raises:
        ProofEndTooSoon: within a week.
    """
    if ends_at is not None and ends_at < now + REMINDERS[-1]:
        raise ProofEndTooSoon
    return ends_at


def renewed(claim: Claim, now: datetime) -> Claim:
    """The claim with a new proof by all checks; the job that keeps proofs gives it its end."""
    return replace(claim, proof=Proof(now), approved_by=Approver.CHECKS, modified_at=now)


def ending(claim: Claim, ends_at: datetime | None) -> Claim:
    """The claim with another end of its proof, which is told anew."""
    return replace(claim, proof=Proof(claim.proof.proven_at, ends_at))


def begun_again(claim: Claim, now: datetime) -> Claim:
    """An operator has looked at an end that has come: it comes again, with all its reminders."""
    return ending(claim, now + REMINDERS[0])


def may_be_proven_anew(claim: Claim, now: datetime) -> bool:
    """Whether a token is of use to an approved claim: it is frozen, or its proof ends soon.

    After a change of holder it takes more than a token: `domain/watch/after_a_sale.py`.
    """
    return claim.approved and (bool(claim.frozen_for) or ends_soon(claim, now))


def ends_soon(claim: Claim, now: datetime) -> bool:
    """Whether the proof of an approved claim is to be renewed by now."""
    return claim.proof.ends_at is not None and now >= claim.proof.ends_at - RENEWED_FROM


def reminder_due(claim: Claim, now: datetime) -> timedelta | None:
    """How long before the end that is to be told, if the time has come and it was not told."""
    ends, told = claim.proof.ends_at, claim.proof.told_at
    due = [one for one in REMINDERS if ends is not None and now >= ends - one]
    if ends is None or not due or Signal.PROOF in claim.frozen_for:
        return None
    return None if told is not None and told >= ends - min(due) else min(due)


def over(claim: Claim, now: datetime) -> bool:
    """Whether the proof has ended, and its customer was told of that a week before."""
    ends, told = claim.proof.ends_at, claim.proof.told_at
    if ends is None or told is None or told < ends - REMINDERS[-1]:
        return False
    return now >= max(ends, told + _TOLD_BEFORE)


def year_is_over(claim: Claim, now: datetime) -> bool:
    """Whether the operator's word without an end is to be looked at again."""
    return claim.proof.ends_at is None and now >= _year(claim, now)


def _year(claim: Claim, now: datetime) -> datetime:
    return (claim.proof.told_at or claim.proof.proven_at or now) + YEAR


def heard(watch: Watch, claim: Claim, now: datetime) -> Watch:
    """The signal of the proof, by the calendar: its row begins with the first reminder."""
    ends = claim.proof.ends_at
    if ends is None or now < ends - REMINDERS[0]:
        return watch.good(now) if watch.failing else watch
    level = Level.FREEZE if over(claim, now) else Level.NOTICE
    failing = replace(watch, failing_since=ends - REMINDERS[0], failing_until=now, looked_at=now)
    return replace(failing, level=level, seen=watch.seen or "It was not renewed yet.")


def next_due(claim: Claim, now: datetime) -> datetime:
    """When something is to be done about the proof."""
    ends = claim.proof.ends_at
    if ends is None:
        return max(_year(claim, now), now + _LATER)
    if Signal.PROOF in claim.frozen_for:
        return now + YEAR
    told = claim.proof.told_at or now
    steps = sorted({*(ends - one for one in REMINDERS), max(ends, told + _TOLD_BEFORE)})
    return next((one for one in steps if one > now), now + _LATER)
