"""What is shown of watches: signals, levels, freezes, and what is held back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Id, Time, Wire, example
from byoip.api.claims.delegation_schemas import TimeIn
from byoip.domain.claims.lifecycle import Approver
from byoip.domain.watch.dispute import Side
from byoip.domain.watch.freezing import how_lifted
from byoip.domain.watch.levels import LADDERS, Level, Signal
from byoip.domain.watch.watch import Watch
from byoip.store.watch import views
from byoip.store.watch.views import HeldRises, OwnDispute, PrefixWatch

SIGNAL_EXAMPLE: dict[str, Any] = {
    "signal": "reverse_zone",
    "level": "notice",
    "held": False,
    "looked_at": "2026-11-29T09:30:00Z",
    "good_at": "2026-11-27T09:30:00Z",
    "failing_since": "2026-11-28T09:30:00Z",
    "seen": "Delegated no more: 0.18.198.in-addr.arpa.",
    "unanswered": None,
    "means": LADDERS[Signal.REVERSE_ZONE].means,
}
_HELD: dict[str, Any] = {
    "registry": "ripencc",
    "signal": "roa",
    "rises": 312,
    "since": "2026-11-29T09:30:00Z",
    "sample": ["1f2e3d4c5b6a79887766554433221100"],
}


class WatchedSignal(Wire):
    """One thing that was so as the prefix was approved, and whether it still is."""

    signal: Signal
    level: Level = Field(description="How far it has come. None of them withdraws a route.")
    held: bool = Field(description="A higher level is held back until an operator has looked.")
    looked_at: Time | None = Field(description="When it was last asked; null: not yet.")
    good_at: Time | None = Field(description="When all was last as it was.")
    failing_since: Time | None = Field(
        description="Since when answers say no; null: the last one does not."
    )
    seen: str = Field(description="What the last answer showed.")
    unanswered: str | None = Field(
        description="Why the last question has no answer, which changes nothing; null: it has."
    )
    means: str = Field(description="What it means if answers say no, and what to do.")


class PrefixDispute(Wire):
    """Another account's claim on the same space, as one of the two sees it."""

    id: Id
    side: Side = Field(description="`holder`: your prefix is approved. `claimant`: it is not.")
    other: str = Field(description="What the other account claims.")
    opened_at: Time
    decide_from: Time = Field(
        description="Until then the holder may answer: by a new token, or to the operator."
    )


class PrefixWatching(Wire):
    """Whether what was proven of a prefix is still so."""

    model_config = example(
        frozen_for=["reverse_zone"],
        lifted_by=how_lifted({Signal.REVERSE_ZONE}),
        next_look_at="2026-11-30T09:30:00Z",
        proven_at="2026-11-02T09:30:00Z",
        proof_ends_at="2027-12-05T09:30:00Z",
        signals=[SIGNAL_EXAMPLE],
        disputes=[],
    )

    frozen_for: list[Signal] = Field(
        description="Signals for which nothing new may happen to it; what is there stays."
    )
    lifted_by: str | None = Field(description="What lifts the freeze; null where there is none.")
    next_look_at: Time | None = Field(
        description="When registry and reverse DNS are asked again; null: it is not approved."
    )
    signals: list[WatchedSignal]
    proven_at: Time | None = Field(
        description="When ownership was last proven; null: it is not approved."
    )
    proof_ends_at: Time | None = Field(
        description="When it is frozen unless it is proven anew, by itself or by a token; null: it "
        "has no end, or none yet within a minute of its proof."
    )
    disputes: list[PrefixDispute] = Field(
        description="With accounts that claim the same space, whose holder changed: the operator "
        "decides. Nothing new until then, and routes stay."
    )


class EndingProof(Wire):
    """A proof that ends within 60 days or has ended, or your word of a year ago without an end."""

    model_config = example(
        prefix_id="1f2e3d4c5b6a79887766554433221100",
        account_id="8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7",
        cidr="198.18.0.0/23",
        approved_by="checks",
        proven_at="2025-12-01T09:30:00Z",
        ends_at="2027-01-03T09:30:00Z",
        frozen_for=[],
        seen="Whom the registry gave the space to was not learnt as it was proven.",
    )

    prefix_id: Id
    account_id: Id
    cidr: str
    approved_by: Approver
    proven_at: Time | None
    ends_at: Time | None
    frozen_for: list[Signal]
    seen: str = Field(description="Why it was not renewed by itself; empty: not tried yet.")


class ProofEnd(Reasoned):
    """Until when your approval counts as a proof."""

    model_config = example(proof_ends_at="2027-12-31T12:00:00Z", reason="Contract until then.")

    proof_ends_at: TimeIn = Field(default=None, description="A week from now or later; null: none.")


class ProofEndSet(Wire):
    """A prefix, and until when its proof counts by now."""

    model_config = example(id="1f2e3d4c5b6a79887766554433221100", proof_ends_at=None, frozen_for=[])

    id: Id
    proof_ends_at: Time | None
    frozen_for: list[Signal]


class HeldLevels(Wire):
    """Rises of level that are held: of one registry, by one signal, more than a day may bring."""

    model_config = example(**_HELD)

    registry: str
    signal: Signal
    rises: int
    since: Time
    sample: list[Id] = Field(description="The first prefixes of them, at most 20.")


class LevelsDecision(Reasoned):
    """Which rises are meant."""

    model_config = example(registry="ripencc", signal="roa", reason="A bad feed; it is back.")

    registry: str = Field(max_length=100)
    signal: str = Field(max_length=100, description="See `GET /operator/levels`.")


class DecidedLevels(Wire):
    """What was decided."""

    model_config = example(rises=312)

    rises: int = Field(description="How many; workers carry it out, prefix after prefix.")


class LiftedFreeze(Wire):
    """A prefix that is frozen no longer."""

    model_config = example(id="1f2e3d4c5b6a79887766554433221100", frozen_for=[])

    id: Id
    frozen_for: list[Signal]


def watching_of(watch: PrefixWatch, disputes: Sequence[OwnDispute]) -> PrefixWatching:
    """A prefix's watch as the wire shows it."""
    return PrefixWatching(
        frozen_for=sorted(watch.frozen_for),
        lifted_by=how_lifted(watch.frozen_for) if watch.frozen_for else None,
        next_look_at=watch.next_look,
        proven_at=watch.proof.proven_at,
        proof_ends_at=watch.proof.ends_at,
        signals=signals_of(watch),
        disputes=[PrefixDispute.showing(one) for one in disputes],
    )


def signals_of(watch: PrefixWatch) -> list[WatchedSignal]:
    """All that is watched of a prefix."""
    known = {one.signal: one for one in watch.signals}
    for signal in (Signal.ROA, Signal.ROA_INVALID):
        # What is fine has no row of its own: the pass over all routes says so.
        if watch.next_look is not None and not watch.drifted and not _failing(known.get(signal)):
            known[signal] = _fine(signal, watch.roas_at)
    return [_signal(known[one], held=one in watch.held) for one in Signal if one in known]


def _failing(watch: Watch | None) -> bool:
    return watch is not None and watch.failing


def _fine(signal: Signal, at: datetime | None) -> Watch:
    if at is None:  # no pass since its approval
        return Watch(signal)
    return Watch(signal, looked_at=at, good_at=at, seen="Valid by the ROA data in use.")


def _signal(watch: Watch, *, held: bool) -> WatchedSignal:
    means = LADDERS[watch.signal].means
    return WatchedSignal.showing(watch, held=held, unanswered=watch.doubt or None, means=means)


def proof_of(ending: views.EndingProof) -> EndingProof:
    """A proof that ends as the wire shows it."""
    frozen_for = sorted(ending.frozen_for)
    return EndingProof.showing(ending, prefix_id=ending.id, frozen_for=frozen_for)


def held_of(held: HeldRises) -> HeldLevels:
    """Held rises as the wire shows them."""
    return HeldLevels.showing(held)
