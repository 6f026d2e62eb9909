"""Two accounts have proven one AS number: the first keeps it, and a person of the operator decides.

The request of the second is refused, and a refusal leaves nothing behind: so this is noted before.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

from byoip.domain.asns.asn_dispute import QUIET, AsnDispute, AsnProof
from byoip.domain.asns.own_asn import AsnProvenByAnother, OwnAsn
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.watch.dispute import ANSWERED_WITHIN
from byoip.store.asns.asn_disputes import AsnDisputeRepository
from byoip.store.transaction import Store, Transaction
from byoip.usecases.asns.disputes import tell_opened

_BY: Final = Actor("service", "asn-contested")
_WHY: Final = CustomerText("Another account has proven this AS number as well: it may be sold.")
Still = Callable[[Transaction, OwnAsn], Awaitable[bool]]


async def note_contest(store: Store, own: OwnAsn, proof: AsnProof, still: Still) -> None:
    """Open a dispute, and tell operators and both accounts: once for each token.

    Where one is open already, with whomever, operators alone are told; likewise where the account
    has lost one lately, or has left it, and the registries name the same holder still.

    Args:
        store: of the database.
        own: the number of the account that has just proven it.
        proof: what proved it.
        still: whether that is so still, for the locked number.
    """
    async with store.transaction(actor=_BY) as tx:
        numbers = {one.id: one for one in await tx.own_asns.lock_every(own.asn)}
        locked = numbers.pop(own.id, None)
        first = next((one for one in numbers.values() if one.proven), None)
        if first is None or locked is None or locked.proven or locked.token != own.token:
            return
        if not await still(tx, locked):
            return
        disputes = AsnDisputeRepository(tx.session)
        refused = locked.refuse(AsnProvenByAnother(own.asn).message, tx.now)
        lost = await disputes.lost(locked, tx.now - QUIET)
        quiet = any(one.answers(proof) for one in lost)
        if not quiet and await disputes.open_about(own.asn) is None:
            opened = AsnDispute(
                uuid4(),
                first.id,
                own.id,
                tx.now,
                tx.now + ANSWERED_WITHIN,
                asn=own.asn,
                proof=proof,
            )
            await disputes.add(opened)
            await tell_opened(tx, opened, first, locked)
        elif locked.seen == refused.seen:
            return
        await tx.own_asns.save(refused)
        before = {
            "own_asn_id": first.id.hex,
            "account_id": first.account_id.hex,
            "registry": first.registry,
            "evidence": first.evidence,
        }
        after = {
            "own_asn_id": own.id.hex,
            "asn": own.asn.number,
            "account_id": own.account_id.hex,
            "registry": proof.registry or None,
            "evidence": proof.evidence,
        }
        tx.record_for_operators("own_asn.contested", _WHY, before=before, after=after)
