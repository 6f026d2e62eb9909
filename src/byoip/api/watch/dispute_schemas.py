"""What is shown of disputes: to operators both sides with all evidence, to a party its own."""

from typing import Any, Literal

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Id, Text, Time, Wire, example
from byoip.api.checks.validation_schemas import (
    RUN_WITH_EVIDENCE,
    ValidationWithEvidence,
    validation_with_evidence,
)
from byoip.api.watch.watch_schemas import SIGNAL_EXAMPLE, WatchedSignal, shown_signals
from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.watch.dispute import Advised, Dispute, DisputeEnd
from byoip.domain.watch.levels import Signal
from byoip.store.watch.views import DisputeParty, DisputeView
from byoip.usecases.watch.show_dispute import ShownDispute

_DISPUTE: dict[str, Any] = {
    "id": "5a1b0c3d9e8f47a6b5c4d3e2f1a0b9c8",
    "opened_at": "2026-11-15T09:30:00Z",
    "decide_from": "2026-11-29T09:30:00Z",
    "ended_at": None,
    "ended": None,
}
_PARTY: dict[str, Any] = {
    "prefix_id": "1f2e3d4c5b6a79887766554433221100",
    "account_id": "8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7",
    "account_name": "Example Networks",
    "cidr": "198.18.0.0/23",
    "state": "approved",
    "standing": "contested",
    "irr": "valid",
    "rpki": "valid",
    "ownership": "valid",
    "ownership_passed_at": "2026-03-02T09:31:07Z",
    "proven_at": "2026-03-02T09:31:07Z",
    "frozen_for": ["holder"],
}


class DisputingParty(Wire):
    """One side of a dispute."""

    model_config = example(**_PARTY)

    prefix_id: Id
    account_id: Id
    account_name: str
    cidr: Text
    state: State
    standing: Standing
    irr: CheckState
    rpki: CheckState
    ownership: CheckState
    ownership_passed_at: Time | None = Field(description="When a token was last found.")
    proven_at: Time | None = Field(description="Of the holder: when its proof was last renewed.")
    frozen_for: list[Signal]


class PartyWithEvidence(DisputingParty):
    """One side of a dispute, with all that it rests on."""

    model_config = example(**_PARTY, signals=[SIGNAL_EXAMPLE], validation=RUN_WITH_EVIDENCE)

    signals: list[WatchedSignal] = Field(description="What is watched; of a claimant nothing.")
    validation: ValidationWithEvidence | None = Field(
        description="The newest run that has proven the space, with everything that was asked and "
        "answered; null: there was none, or the operator approved the prefix."
    )


class _Dispute(Wire):
    id: Id
    opened_at: Time
    decide_from: Time = Field(description="Until then the holder may answer.")
    ended_at: Time | None
    ended: DisputeEnd | None = Field(description="How it has ended; null: it is open.")


class OperatorDispute(_Dispute):
    """Two accounts that have proven the same space, of which one lost it by the statistics."""

    model_config = example(
        **_DISPUTE,
        holder=_PARTY,
        claimant={**_PARTY, "state": "pending", "frozen_for": [], "proven_at": None},
    )

    holder: DisputingParty = Field(description="The account that is approved.")
    claimant: DisputingParty = Field(description="The account that has proven the space since.")


class DisputeWithEvidence(_Dispute):
    """A dispute with both evidences side by side, and what they speak for."""

    model_config = example(
        **_DISPUTE,
        holder={**_PARTY, "signals": [SIGNAL_EXAMPLE], "validation": None},
        claimant={**_PARTY, "state": "pending", "signals": [], "validation": RUN_WITH_EVIDENCE},
        recommended="claimant",
        reasons=["For the claimant: all its checks are valid."],
    )

    holder: PartyWithEvidence
    claimant: PartyWithEvidence
    recommended: Advised = Field(
        description="What the evidence speaks for; `ask`: for neither. It decides nothing."
    )
    reasons: list[str]


class DisputeDecision(Reasoned):
    """For whom you decide."""

    model_config = example(decide_for="holder", early=False, reason="The sale was undone.")

    decide_for: Literal["holder", "claimant"]
    early: bool = Field(
        default=False, description="Do not wait for the holder's 14 days before its approval goes."
    )


class DecidedDispute(_Dispute):
    """A dispute that you have decided."""

    model_config = example(**{**_DISPUTE, "ended_at": "2026-11-30T09:30:00Z", "ended": "holder"})


def decided_of(dispute: Dispute) -> DecidedDispute:
    """A dispute as it has ended."""
    return DecidedDispute.showing(dispute)


def dispute_of(view: DisputeView) -> OperatorDispute:
    """A dispute as lists show it."""
    holder, claimant = (DisputingParty(**_party(one)) for one in (view.holder, view.claimant))
    return OperatorDispute.showing(view.dispute, holder=holder, claimant=claimant)


def with_evidence(shown: ShownDispute) -> DisputeWithEvidence:
    """A dispute with what its parties rest on."""
    view, said = shown.view, shown.advice
    sides = (view.holder, view.claimant)
    holder, claimant = (
        PartyWithEvidence(
            **_party(party),
            signals=[] if watch is None else shown_signals(watch),
            validation=None if run is None else validation_with_evidence(run),
        )
        for party, watch, run in zip(sides, shown.watched, shown.runs, strict=True)
    )
    return DisputeWithEvidence.showing(
        view.dispute,
        holder=holder,
        claimant=claimant,
        recommended=said.advised,
        reasons=list(said.reasons),
    )


def _party(party: DisputeParty) -> dict[str, Any]:
    claim = party.claim
    return {
        "prefix_id": claim.id,
        "account_id": claim.account_id,
        "account_name": party.account_name,
        "cidr": claim.prefix,
        "state": claim.state,
        "standing": claim.standing,
        "irr": claim.irr.state,
        "rpki": claim.rpki.state,
        "ownership": claim.ownership.state,
        "ownership_passed_at": claim.ownership.passed_at,
        "proven_at": claim.proof.proven_at,
        "frozen_for": sorted(claim.frozen_for),
    }
