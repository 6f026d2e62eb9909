"""What is read of watches."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Approver
from byoip.domain.claims.proof import NO_PROOF, Proof
from byoip.domain.prefix import Prefix
from byoip.domain.watch.dispute import Dispute, Side, left_to_answer
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import RiseState
from byoip.domain.watch.watch import Watch


@dataclass(frozen=True, slots=True)
class StatisticsInUse:
    """A registry's accepted file: its number, and when its content was fetched first."""

    number: int
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Unheard:
    """A prefix whose holder has not been compared with the newest file."""

    claim_id: UUID
    prefix: Prefix
    watch: Watch

    @property
    def place(self) -> tuple[int, UUID]:
        """Where it stands in the order in which prefixes hear files."""
        return self.watch.heard or 0, self.claim_id


@dataclass(frozen=True, slots=True)
class RoaNews:
    """An accepted ROA snapshot, and the number of the accepted one before it."""

    number: int
    after: int | None
    built_at: datetime


@dataclass(frozen=True, slots=True)
class HeldRises:
    """Rises that the breaker of levels holds.

    Attributes:
        sample: the first prefixes of them, at most 20.
        digest: stands for just these, see `digest_of`.
    """

    registry: str
    signal: Signal
    rises: int
    since: datetime
    sample: tuple[UUID, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class HeldRise:
    """One of them.

    Attributes:
        level: to which it would rise.
        now: the level that it has.
        seen: what was last seen.
        up: how many of its routes are announced.
    """

    id: UUID
    claim_id: UUID
    cidr: Prefix
    account_id: UUID
    account: str
    at: datetime
    level: Level
    now: Level
    seen: str
    up: int


@dataclass(frozen=True, slots=True)
class DecidedRise:
    """A rise that an operator released or dropped, and no worker has carried out."""

    claim_id: UUID
    signal: Signal
    level: Level
    state: RiseState


@dataclass(frozen=True, slots=True)
class EndingProof:
    """A proof that ends soon or has ended, or an operator's word of a year ago without an end.

    Attributes:
        seen: why it was not renewed by itself.
    """

    id: UUID
    account_id: UUID
    cidr: str
    approved_by: Approver
    proven_at: datetime
    ends_at: datetime | None
    frozen_for: frozenset[Signal]
    seen: str


@dataclass(frozen=True, slots=True)
class PrefixWatch:
    """All that is watched of a prefix.

    Attributes:
        roas_at: when routes were last held against ROA data; None: not since the approval.
        drifted: the prefix is not valid by the ROA data in use.
        next_look: when registry and reverse DNS are asked again; None: it is not watched.
    """

    frozen_for: frozenset[Signal]
    signals: tuple[Watch, ...]
    held: frozenset[Signal] = frozenset()
    roas_at: datetime | None = None
    drifted: bool = False
    next_look: datetime | None = None
    proof: Proof = NO_PROOF

    @property
    def shown(self) -> tuple[Watch, ...]:
        """Its signals in their order, with what is fine and has no row of its own: ROAs."""
        known = {one.signal: one for one in self.signals}
        for signal in (Signal.ROA, Signal.ROA_INVALID):
            failing = signal in known and known[signal].failing
            # The pass over all routes says it.
            if self.next_look is not None and not self.drifted and not failing:
                known[signal] = _fine(signal, self.roas_at)
        return tuple(known[one] for one in Signal if one in known)


def _fine(signal: Signal, at: datetime | None) -> Watch:
    if at is None:  # no pass since its approval
        return Watch(signal)
    return Watch(signal, looked_at=at, good_at=at, seen="Valid by the ROA data in use.")


@dataclass(frozen=True, slots=True)
class DisputeParty:
    """One side of a dispute.

    Attributes:
        run_id: its newest validation run that has proven the space; None: there was none.
    """

    claim: Claim
    account_name: str
    run_id: UUID | None


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A dispute, as operators see it."""

    dispute: Dispute
    holder: DisputeParty
    claimant: DisputeParty


@dataclass(frozen=True, slots=True)
class OwnDispute:
    """A dispute, as one of its parties sees it.

    Attributes:
        other: the prefix that the other party claims; its account is not told.
    """

    id: UUID
    side: Side
    other: str
    opened_at: datetime
    decide_from: datetime

    def left(self, now: datetime) -> str:
        """See `left_to_answer`."""
        return left_to_answer(self.decide_from, now)
