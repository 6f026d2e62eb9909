"""Two accounts have proven one AS number: the first keeps it, and a person of the operator decides.

The request of the second is refused, and a refusal leaves nothing behind: so this is noted before.
"""

from typing import Final

from byoip.domain.asns.own_asn import AsnProvenByAnother, OwnAsn
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.store.transaction import Store

_BY: Final = Actor("service", "asn-contested")
_WHY: Final = CustomerText("Another account has proven this AS number as well: it may be sold.")


async def note_contest(store: Store, own: OwnAsn, *, evidence: str, registry: str | None) -> None:
    """Tell operators once for each token, with both evidences; the number says so to its account.

    Args:
        store: of the database.
        own: the number of the account that has just proven it.
        evidence: what proved it.
        registry: key of the one that has given it.
    """
    async with store.transaction(actor=_BY) as tx:
        first = await tx.own_asns.proven_by_another(own)
        if first is None:
            return
        locked = await tx.own_asns.lock(own.account_id, own.id)
        refused = locked.refuse(AsnProvenByAnother(own.asn).message, tx.now)
        if locked.proven or locked.token != own.token or locked.seen == refused.seen:
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
            "registry": registry,
            "evidence": evidence,
        }
        tx.record_for_operators("own_asn.contested", _WHY, before=before, after=after)
