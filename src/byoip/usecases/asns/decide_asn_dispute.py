"""A person decides whose an AS number is; no route goes for it."""

from dataclasses import replace
from uuid import UUID

from byoip.domain.asns.asn_dispute import QUIET, AsnDispute, asn_decided_by
from byoip.domain.checks.evidence import CheckState, Passed
from byoip.domain.operator_text import stated_reason
from byoip.domain.watch.dispute import DisputeEnd, Side
from byoip.store.asns.asn_disputes import AsnDisputeRepository
from byoip.store.transaction import Transaction
from byoip.usecases.asns.disputes import tell_ended
from byoip.usecases.asns.own_asns import AsnTerms
from byoip.usecases.watch.decide_dispute import Judge, seen_as_it_is

_ANEW = (
    "If the number is yours after all, publish the new token in its aut-num object, have the proof "
    f"looked for again, and tell the operator: for {QUIET.days} days that opens no dispute again, "
    "unless the registry has given the number to another holder."
)


async def decide_asn_dispute(
    tx: Transaction,
    dispute_id: UUID,
    *,
    terms: AsnTerms,
    for_: Side,
    reason: str,
    early: bool = False,
    judge: Judge = seen_as_it_is,
) -> AsnDispute:
    """Decide for one of its parties; the other one's proof goes, and a new one needs a new token.

    For the claimant: the number is proven for it, by what it was proven by as the dispute opened.
    Prefixes of the former account keep it as their origin, and what is announced stays: an operator
    revokes or offboards them, past the breaker. `judge` is told what it is decided by, under its
    locks, and raises where somebody has seen something else.

    Raises:
        InvalidText: the reason.
        PreconditionFailed: by `judge`.
        DisputeNotFound, DisputeEnded: it is not open; a proof may have gone meanwhile.
        DisputeTooYoung: for the claimant within 14 days, and not `early`.
        OwnAsnsNotOffered, OwnAsnRefused: no customer can have the number by now.
    """
    why = stated_reason(reason)
    disputes = AsnDisputeRepository(tx.session)
    before = await disputes.get(dispute_id)  # its parties and its number never change
    before.require_open()
    numbers = {one.id: one for one in await tx.own_asns.lock_every(before.asn)}
    dispute = await disputes.get(dispute_id, locking=True)
    dispute.require_open()
    holder, claimant = numbers[dispute.holder_id], numbers[dispute.claimant_id]
    judge(asn_decided_by(dispute, holder, claimant, await disputes.rows(dispute.asn)))
    if for_ is Side.CLAIMANT:
        dispute.require_answered(tx.now, early=early)
        terms.rules.admit(dispute.asn)
    how = DisputeEnd(for_.value)
    await disputes.end(dispute, how, tx.now)
    loser = holder if for_ is Side.CLAIMANT else claimant
    said = f"An operator has decided that {dispute.asn} is another account's: {why.value}"
    anew = terms.mint.mint(), tx.now + terms.token_lifetime, tx.now
    lost = loser.without_proof(*anew).refuse(said, tx.now, _ANEW)
    await tx.own_asns.save(replace(lost, state=CheckState.INVALID))
    if for_ is Side.CLAIMANT:
        proof = dispute.proof
        seen_then, registry = Passed(proof.evidence), proof.registry or None
        won = claimant.hear(seen_then, proof.by, tx.now, registry=registry, holder=proof.holder)
        await tx.own_asns.save(won, proof.answer)
    await tell_ended(tx, dispute, how, holder, claimant, reason=why.value)
    parties = {"holder_id": holder.id.hex, "claimant_id": claimant.id.hex}
    after = {**dispute.shown, "for": for_.value, **parties}
    tx.record_for_operators("asn_dispute.decided", why, after=after)
    return await disputes.get(dispute_id)
