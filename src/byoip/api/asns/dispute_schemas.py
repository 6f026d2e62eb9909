"""What operators are shown of disputes about AS numbers: both sides with all evidence."""

from hashlib import sha256
from typing import Any, Literal

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Id, SecretText, Text, Time, Wire, example
from byoip.domain.asns.asn_dispute import NOTHING_GOES, AsnDispute
from byoip.domain.asns.own_asn import ProvenBy
from byoip.domain.claims.lifecycle import State
from byoip.domain.watch.dispute import Advised, DisputeEnd
from byoip.store.asns.views import AsnDisputeView, AsnParty
from byoip.usecases.asns.show_asn_dispute import ShownAsnDispute

_DISPUTE: dict[str, Any] = {
    "id": "5a1b0c3d9e8f47a6b5c4d3e2f1a0b9c8",
    "asn": 3320,
    "opened_at": "2026-11-15T09:30:00Z",
    "decide_after": "2026-11-29T09:30:00Z",
    "ended_at": None,
    "ended": None,
}
_PARTY: dict[str, Any] = {
    "asn_id": "7c1f0a5d2b9e4836a0d1c2e3f4051627",
    "account_id": "8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7",
    "account_name": "Example Networks",
    "proven_by": "token",
    "proven_at": "2026-03-02T09:31:07Z",
    "registry": "ripencc",
    "holder": "7d0c1f2e-3b4a-4c5d-8e9f-a0b1c2d3e4f5",
    "evidence": "AS3320 at RIPE carries the token.",
}
_PREFIX: dict[str, Any] = {
    "prefix_id": "1f2e3d4c5b6a79887766554433221100",
    "cidr": "198.18.0.0/23",
    "state": "approved",
    "announced": True,
}


class DisputingAsnParty(Wire):
    """One side of a dispute about an AS number."""

    model_config = example(**_PARTY)

    asn_id: Id
    account_id: Id
    account_name: str
    proven_by: ProvenBy | None = Field(description="null: its proof has gone.")
    proven_at: Time | None = Field(description="When it proved the number.")
    registry: Text | None
    holder: str = Field(
        description="The registry's opaque id of the number's holder, as it was proven."
    )
    evidence: Text | None = Field(description="What was seen, or an operator's reason.")


class AsnPartyWithEvidence(DisputingAsnParty):
    """One side of a dispute about an AS number, with what the registry answered."""

    model_config = example(**_PARTY, answer="aut-num: AS3320\n", answer_sha256="0" * 64)

    answer: SecretText | None = Field(
        description="As it was proven, where the registry was asked; of its first 64 KiB."
    )
    answer_sha256: str | None = Field(description="Of the answer as it is kept.")


class NamingPrefix(Wire):
    """A prefix of the account that proved the number first, which has it as its origin."""

    model_config = example(**_PREFIX)

    prefix_id: Id
    cidr: Text
    state: State
    announced: bool = Field(description="A route of it is desired.")


class _Dispute(Wire):
    id: Id
    asn: int
    opened_at: Time
    decide_after: Time = Field(description="Until then the holder may answer.")
    ended_at: Time | None
    ended: DisputeEnd | None = Field(description="How it has ended; null: it is open.")


class OperatorAsnDispute(_Dispute):
    """Two accounts that have proven the same AS number."""

    model_config = example(**_DISPUTE, holder=_PARTY, claimant=_PARTY)

    holder: DisputingAsnParty = Field(description="The account that has proven it first.")
    claimant: DisputingAsnParty = Field(description="The account that has proven it since.")


class AsnDisputeWithEvidence(_Dispute):
    """A dispute about an AS number: both evidences side by side, and what they speak for."""

    model_config = example(
        **_DISPUTE,
        holder={**_PARTY, "answer": None, "answer_sha256": None},
        claimant={**_PARTY, "answer": None, "answer_sha256": None},
        recommended="claimant",
        reasons=["For the claimant: the statistics name h-2, under which it proved it alone."],
        prefixes=[_PREFIX],
        follows=NOTHING_GOES,
    )

    holder: AsnPartyWithEvidence
    claimant: AsnPartyWithEvidence
    recommended: Advised = Field(
        description="What the evidence speaks for; `ask`: for neither. It decides nothing."
    )
    reasons: list[str]
    prefixes: list[NamingPrefix] = Field(
        description="Of the holder, with the number as their origin; at most 500. No decision "
        "takes one of them down."
    )
    follows: str = Field(description="What a decision leaves to do.")


class AsnDisputeDecision(Reasoned):
    """For whom you decide."""

    model_config = example(decide_for="holder", early=False, reason="The sale was undone.")

    decide_for: Literal["holder", "claimant"]
    early: bool = Field(
        default=False, description="Do not wait for the holder's 14 days before its proof goes."
    )


class DecidedAsnDispute(_Dispute):
    """A dispute about an AS number that you have decided."""

    model_config = example(
        **{**_DISPUTE, "ended_at": "2026-11-30T09:30:00Z", "ended": "claimant"},
        follows=NOTHING_GOES,
    )

    follows: str = Field(description="What it leaves to do; GET of the dispute names prefixes.")


def decided_of(dispute: AsnDispute) -> DecidedAsnDispute:
    """A dispute as it has ended."""
    return DecidedAsnDispute(**_of(dispute), follows=NOTHING_GOES)


def dispute_of(view: AsnDisputeView) -> OperatorAsnDispute:
    """A dispute as lists show it."""
    holder, claimant = (DisputingAsnParty(**one) for one in _sides(view))
    return OperatorAsnDispute(**_of(view.dispute), holder=holder, claimant=claimant)


def with_evidence(shown: ShownAsnDispute) -> AsnDisputeWithEvidence:
    """A dispute with what its parties rest on."""
    view, answers = shown.view, (shown.answer, shown.view.dispute.proof.answer)
    holder, claimant = (
        AsnPartyWithEvidence(
            **party,
            answer=None if answer is None else answer.decode("utf-8", "backslashreplace"),
            answer_sha256=None if answer is None else sha256(answer).hexdigest(),
        )
        for party, answer in zip(_sides(view), answers, strict=True)
    )
    return AsnDisputeWithEvidence(
        **_of(view.dispute),
        holder=holder,
        claimant=claimant,
        recommended=shown.advice.advised,
        reasons=list(shown.advice.reasons),
        prefixes=[NamingPrefix.showing(one, prefix_id=one.id) for one in shown.prefixes],
        follows=NOTHING_GOES,
    )


def _of(dispute: AsnDispute) -> dict[str, Any]:
    return {
        "id": dispute.id,
        "asn": dispute.asn.number,
        "opened_at": dispute.opened_at,
        "decide_after": dispute.decide_from,
        "ended_at": dispute.ended_at,
        "ended": dispute.ended,
    }


def _sides(view: AsnDisputeView) -> tuple[dict[str, Any], dict[str, Any]]:
    own, proof = view.holder.own, view.dispute.proof
    holder = {
        **_party(view.holder),
        "proven_by": own.proven_by,
        "proven_at": own.proven_at,
        "registry": own.registry,
        "holder": own.holder,
        "evidence": own.evidence or None,
    }
    claimant = {
        **_party(view.claimant),
        "proven_by": proof.by,
        "proven_at": view.dispute.opened_at,
        "registry": proof.registry or None,
        "holder": proof.holder,
        "evidence": proof.evidence,
    }
    return holder, claimant


def _party(party: AsnParty) -> dict[str, Any]:
    own = party.own
    return {"asn_id": own.id, "account_id": own.account_id, "account_name": party.account_name}
