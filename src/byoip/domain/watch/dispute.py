"""Disputes: another account has proven space whose holder changed. A person decides. Pure.

A dispute stops what is new for both: the holder of before is frozen, the claimant is not approved.
It withdraws nothing, and its end is nobody's but an operator's, or that of a party that gives up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from byoip.domain.checks.evidence import Check, CheckState
from byoip.domain.checks.rirs import RIRS
from byoip.domain.claims.claim import Claim
from byoip.domain.errors import Refusal
from byoip.domain.watch.levels import LADDERS, Level, Signal
from byoip.domain.watch.records import maintainers_seen
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import all_moved

ANSWERED_WITHIN: Final = timedelta(days=14)
LISTED: Final = 500
"""So many of one kind a list has, where nobody asks for fewer."""


class Side(StrEnum):
    """Who is who in a dispute."""

    HOLDER = "holder"  # the account that is approved
    CLAIMANT = "claimant"  # the account that has proven the same space since


class DisputeEnd(StrEnum):
    """How a dispute has ended."""

    HOLDER = "holder"  # decided: all stays with the account that is approved
    CLAIMANT = "claimant"  # decided: that approval was revoked
    GONE = "gone"  # one of the two has closed its prefix, or is not approved any more


class DisputeNotFound(Refusal):
    """There is no such dispute."""

    name = "dispute_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such dispute.")


class DisputeEnded(Refusal):
    """It was decided, or one of its parties has gone."""

    name = "dispute_ended"

    def __init__(self, end: DisputeEnd) -> None:
        super().__init__(f"This dispute has ended: {end}.")


class DisputeTooYoung(Refusal):
    """The holder has 14 days to answer before its approval goes."""

    name = "dispute_too_young"

    def __init__(self, until: datetime) -> None:
        super().__init__(
            f"The holder may answer until {until.isoformat()}: decide for the claimant then, or "
            "say `early`.",
            pointer="/early",
        )


class PrefixDisputed(Refusal):
    """Its freeze is not lifted, and it is not moved, while a dispute about it is open."""

    name = "prefix_disputed"

    def __init__(self) -> None:
        super().__init__("There is a dispute about this prefix: an operator decides it first.")


@dataclass(frozen=True, slots=True)
class Dispute:
    """Two accounts' claims on overlapping space.

    Attributes:
        holder_id: the approved claim, whose holder changed by the registries' statistics.
        claimant_id: the claim that was proven since.
        decide_from: 14 days after the opening; before that the holder may answer.
    """

    id: UUID
    holder_id: UUID
    claimant_id: UUID
    opened_at: datetime
    decide_from: datetime
    ended_at: datetime | None = None
    ended: DisputeEnd | None = None

    def require_open(self) -> None:
        """Refuse to decide it twice.

        Raises:
            DisputeEnded: it has ended.
        """
        if self.ended is not None:
            raise DisputeEnded(self.ended)

    def require_answered(self, now: datetime, *, early: bool) -> None:
        """Refuse to take an approval away before its holder could answer.

        Raises:
            DisputeTooYoung: 14 days have not passed, and it was not said to go ahead.
        """
        if now < self.decide_from and not early:
            raise DisputeTooYoung(self.decide_from)


def left_to_answer(decide_from: datetime, now: datetime) -> str:
    """In how many days the holder may answer, the one that has begun as well."""
    days = -((now - decide_from) // timedelta(days=1))
    return f"Days left to answer: {days}." if days > 0 else "The 14 days to answer are over."


def holder_changed(watch: Watch) -> bool:
    """Whether two files a day apart tell of another holder, be its freeze held back or not."""
    if watch.failing_since is None or watch.failing_until is None:
        return False
    reached = LADDERS[Signal.HOLDER].level(watch.failing_until - watch.failing_since)
    return Level.FREEZE in {watch.level, reached}


class Advised(StrEnum):
    """What the evidence speaks for."""

    HOLDER = "holder"
    CLAIMANT = "claimant"
    ASK = "ask"  # neither: ask both


@dataclass(frozen=True, slots=True)
class Advice:
    """A recommendation; it decides nothing."""

    advised: Advised
    reasons: tuple[str, ...]


_RECORDS: Final = (Signal.ROUTE_OBJECT, Signal.REVERSE_ZONE, Signal.ZONE_SERVERS)
# Where a route object tells who holds the space. Elsewhere whoever wrote it before may name others.
_RULED: Final = frozenset(one.key for one in RIRS if one.holder_rule)
_AS_THE_HOLDER_HAD_IT: Final = (
    "For neither: what the claimant last proved the space by was, for all that is known, the route "
    "object or delegation of the holder: who sold the space may be behind both accounts. If they "
    "are its own by now, its next validation says so."
)


def advice(
    dispute: Dispute,
    holder: Claim,
    watches: Sequence[Watch],
    claimant: Claim,
    now: datetime,
    passed: Mapping[Check, datetime] | None = None,
) -> Advice:
    """What speaks for whom. For the claimant only where it rests on what the holder had not.

    Args:
        dispute: which one.
        holder: the approved claim.
        watches: what is watched of it.
        claimant: the other claim.
        now: the moment.
        passed: what passed, and when, in the newest run that has proven the claimant; None: as if
            it rested on others than the holder had there.
    """
    known = {one.signal: one for one in watches}
    sale = known.get(Signal.HOLDER, Watch(Signal.HOLDER))
    back = sale.good_at is not None and sale.good_at >= dispute.opened_at and not sale.failing
    proven = all(_valid(claimant))
    again = (
        holder.ownership.state is CheckState.VALID
        and holder.ownership.passed_at is not None
        and holder.ownership.passed_at >= dispute.opened_at
    )
    lost = [one for one in _RECORDS if one in known and known[one].failing]
    reasons = [
        "For the holder: the statistics name the holder of before again."
        if back
        else f"For the claimant: the statistics name another holder. {sale.seen}".strip(),
        "For the claimant: all its checks are valid."
        if proven
        else "For the holder: not all of the claimant's checks are valid any more.",
    ]
    if lost:
        which = ", ".join(lost)
        reasons.append(f"For the claimant: these are not as the holder had them: {which}.")
    if again:
        reasons.append("For the holder: it has published a new token since.")
    elif now >= dispute.decide_from:
        reasons.append("For the claimant: the holder has proven nothing in 14 days.")
    if not (anew := passed is None or _vouched_anew(known, claimant, passed)):
        reasons.append(_AS_THE_HOLDER_HAD_IT)
    if back and (again or not proven):
        return Advice(Advised.HOLDER, tuple(reasons))
    if proven and anew and not back and not again and now >= dispute.decide_from:
        return Advice(Advised.CLAIMANT, tuple(reasons))
    return Advice(Advised.ASK, tuple(reasons))


def decided_by(
    dispute: Dispute, holder: Claim, watches: Sequence[Watch], claimant: Claim
) -> tuple[object, ...]:
    """What a person decides by, as plain values: what speaks for whom, and how both stand.

    Nothing of it is another because a party writes, or is checked again with the same end: as often
    as it likes it could keep a person from deciding.
    """
    reasons = advice(dispute, holder, watches, claimant, dispute.opened_at).reasons
    return dispute.id.hex, reasons, _stands(holder), _stands(claimant)


def _vouched_anew(
    known: Mapping[Signal, Watch], claimant: Claim, passed: Mapping[Check, datetime]
) -> bool:
    """Whether a way by which it was proven led to others than the holder had there, by then."""
    route, zones, servers = (known.get(one, Watch(one)) for one in _RECORDS)
    by = maintainers_seen(route.found)
    others_write = claimant.registry in _RULED and by and not by & maintainers_seen(route.baseline)
    ways = (
        (Check.OWNERSHIP_IRR, route, others_write),
        (Check.OWNERSHIP_RDNS, servers, all_moved(servers, zones)),
    )
    return any(
        others and watch.failing_since and check in passed and passed[check] >= watch.failing_since
        for check, watch, others in ways
    )


def _stands(claim: Claim) -> tuple[object, ...]:
    checks = claim.irr.state.value, claim.rpki.state.value, claim.ownership.state.value
    held = claim.state.value, claim.standing.value, claim.approved_at, claim.proof.proven_at
    return claim.account_id.hex, held, sorted(one.value for one in claim.frozen_for), checks


def _valid(claim: Claim) -> list[bool]:
    return [one.state is CheckState.VALID for one in (claim.irr, claim.rpki, claim.ownership)]
