"""Disputes about AS numbers: another account has proven one that is proven. A person decides. Pure.

The first account keeps the number and all that is up, and begins nothing new with it as the origin.
Nothing is withdrawn: the number is no space, and prefixes that have it as their origin are proven
for themselves.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.asns.disputed import OwnAsnDispute
from byoip.domain.asns.own_asn import OwnAsn, ProvenBy
from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.registry import HELD
from byoip.domain.foreign_text import shown
from byoip.domain.watch.dispute import Advice, Advised, Dispute, Side

QUIET: Final = timedelta(days=90)
"""For so long an account that has lost a number, or left its dispute, opens no other about it: as
often as it likes it could keep the holder from all that is new. It asks the operator instead."""


@dataclass(frozen=True, slots=True)
class AsnProof:
    """What an account has proven a number by, of which another has a proof.

    Attributes:
        token: that the account had then: the same one opens no other dispute.
        registry, holder: that has given the number, and to which opaque id; empty: not known.
        evidence: what was seen.
        answer: the registry's; None: it was not asked.
    """

    token: str
    by: ProvenBy
    registry: str
    holder: str
    evidence: str
    answer: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AsnDispute(Dispute):
    """Two accounts' numbers in the place of claims: `holder_id` is proven, `claimant_id` is not."""

    asn: Asn
    proof: AsnProof

    @property
    def shown(self) -> dict[str, str | int]:
        """What events say of it."""
        return {"dispute_id": self.id.hex, "asn": self.asn.number}

    def answers(self, proof: AsnProof) -> bool:
        """Whether what came of it holds for this proof too: the number has not moved since."""
        return (self.proof.registry, self.proof.holder) == (proof.registry, proof.holder)

    def seen_by(self, side: Side) -> OwnAsnDispute:
        """As a party's number shows it."""
        return OwnAsnDispute(side, self.opened_at, self.decide_from, self.ended)


def asn_decided_by(
    dispute: AsnDispute, holder: OwnAsn, claimant: OwnAsn, rows: Collection[AsnRange]
) -> tuple[object, ...]:
    """What a person decides by, as plain values: whose it is, and what both have proven it by.

    And whom the statistics name for it, by which is advised.

    The claimant's proof is the one that opened the dispute; a new token of it decides nothing.
    """
    first = holder.proven_by, holder.proven_at, holder.registry, holder.holder, holder.evidence
    proof = dispute.proof
    second = proof.by, dispute.opened_at, proof.registry, proof.holder, proof.evidence
    parties = holder.account_id.hex, claimant.account_id.hex
    return dispute.id.hex, parties, holder.state.value, first, second, sorted(_given(rows))


def asn_advice(
    dispute: AsnDispute, holder: OwnAsn, rows: Collection[AsnRange], now: datetime
) -> Advice:
    """What speaks for whom.

    The registries' statistics name the holder by an opaque id: who is named now, and was named as a
    party proved the number, has it by the registry's word. Both have, if it stayed the same: two
    accounts of one party, or somebody who may edit its objects.

    Args:
        dispute: which one.
        holder: the number of the account that has proven it first.
        rows: of the number, in the statistics in use.
        now: the moment.
    """
    given = _given(rows)
    first = holder.registry or "", holder.holder
    second = dispute.proof.registry, dispute.proof.holder
    reasons = [_proof(Side.CLAIMANT, dispute.proof.by, dispute.opened_at)]
    if holder.proven_by is not None and holder.proven_at is not None:
        reasons.append(_proof(Side.HOLDER, holder.proven_by, holder.proven_at))
    if len(given) != 1:
        reasons.append("For neither: the statistics in use name no holder, or several.")
        return Advice(Advised.ASK, tuple(reasons))
    (now_given,) = given
    named = f"{shown(now_given[1])} at {shown(now_given[0])}"
    for_first, for_second = now_given == first, now_given == second
    if for_first == for_second:
        both = "both parties proved it" if for_first else "neither party proved it"
        reasons.append(f"For neither: the statistics name {named}, under which {both}.")
        return Advice(Advised.ASK, tuple(reasons))
    side = Side.HOLDER if for_first else Side.CLAIMANT
    reasons.append(f"For the {side}: the statistics name {named}, under which it proved it alone.")
    if side is Side.CLAIMANT and now < dispute.decide_from:
        return Advice(Advised.ASK, tuple(reasons))
    return Advice(Advised(side.value), tuple(reasons))


def _given(rows: Collection[AsnRange]) -> set[tuple[str, str]]:
    return {(one.registry, one.holder) for one in rows if one.status in HELD and one.holder}


_BY: Final = {
    ProvenBy.TOKEN: "its token was in the aut-num object at the registry",
    ProvenBy.HOLDER: "the registry names one holder for it and for a prefix that it has proven",
    ProvenBy.OPERATOR: "an operator has taken its word",
}


def _proof(side: Side, by: ProvenBy, at: datetime) -> str:
    return f"For the {side}: on {at:%Y-%m-%d} {_BY[by]}."


NOTHING_GOES: Final = (
    "No route goes by itself, whoever gets the number. From one that its account has not proven "
    "nothing new is announced, and what is up stays, with an alarm. Where it must go, revoke its "
    "prefix, and offboard that as its owner or with a token of its account: the breaker counts it."
)
