"""Disputes about AS numbers: who is told, and how they end without a decision.

An AS number has no history of its own: prefixes that have it as their origin say it in theirs, and
so to webhooks; the people of both accounts are told by mail.
"""

from dataclasses import replace
from typing import Final

from byoip.domain.asns.asn_dispute import AsnDispute
from byoip.domain.asns.own_asn import OwnAsn
from byoip.domain.history import Actor, Event
from byoip.domain.mail.notice import NoticeKind
from byoip.domain.watch.dispute import DisputeEnd, Side
from byoip.store.asns.asn_disputes import AsnDisputeRepository
from byoip.store.mail.notices import NoticeRepository
from byoip.store.transaction import Transaction

# A party is not told of the other's credentials and requests.
_BY: Final = Actor("worker", "dispute-ended")


async def tell_opened(
    tx: Transaction, dispute: AsnDispute, holder: OwnAsn, claimant: OwnAsn
) -> None:
    """Tell both parties that it is open; their numbers are locked."""
    kept, notices = AsnDisputeRepository(tx.session), NoticeRepository(tx.session)
    parties = {Side.HOLDER: holder, Side.CLAIMANT: claimant}
    prefixes = {side: await kept.of_origin(own.id) for side, own in parties.items()}
    await tx.events.lock_claims([one for of_party in prefixes.values() for one in of_party])
    for side, own in parties.items():
        told = {"side": side.value, "decide_after": dispute.decide_from.isoformat()}
        for claim_id in prefixes[side]:
            tx.record(claim_id, "asn_dispute.opened", after={**dispute.shown, **told})
        of = own.account_id, NoticeKind.ASN_DISPUTE_OPENED, own.id, tx.now
        await notices.tell(*of, {"number": str(own.asn), **told})


async def tell_ended(
    tx: Transaction, dispute: AsnDispute, how: DisputeEnd, *parties: OwnAsn, reason: str = ""
) -> None:
    """Tell both parties how it ended; a decision in its person's name."""
    kept, notices = AsnDisputeRepository(tx.session), NoticeRepository(tx.session)
    by = _BY if how is DisputeEnd.GONE else tx.actor
    prefixes = [one for own in parties for one in await kept.of_origin(own.id)]
    await tx.events.lock_claims(prefixes)
    after = {**dispute.shown, "ended": how.value, **({"reason": reason} if reason else {})}
    for claim_id in prefixes:
        tx.events.note(Event(claim_id, "asn_dispute.ended", by, tx.now, {}, after))
    for own in parties:
        of = own.account_id, NoticeKind.ASN_DISPUTE_ENDED, own.id, tx.now
        await notices.tell(*of, {"number": str(own.asn), "ended": how.value})


async def end_dispute(tx: Transaction, own: OwnAsn) -> OwnAsn:
    """End the one in which a number is, as its account gives it up or its proof goes.

    Args:
        tx: the transaction; it has every live row of the number locked.
        own: the number, before that is saved. Gives it back as it is then.
    """
    disputes = AsnDisputeRepository(tx.session)
    dispute = await disputes.open_about(own.asn)
    if dispute is None or own.id not in {dispute.holder_id, dispute.claimant_id}:
        return own
    await disputes.end(dispute, DisputeEnd.GONE, tx.now)
    side = Side.HOLDER if own.id == dispute.holder_id else Side.CLAIMANT
    ended = replace(dispute, ended=DisputeEnd.GONE, ended_at=tx.now)
    every = await tx.own_asns.lock_every(own.asn)
    parties = [one for one in every if one.id in {dispute.holder_id, dispute.claimant_id}]
    await tell_ended(tx, dispute, DisputeEnd.GONE, *parties)
    return replace(own, dispute=ended.seen_by(side))
