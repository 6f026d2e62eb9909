"""An operator has a route announced that a freeze, dispute or contest keeps its owner from."""

from uuid import UUID

from byoip.domain.claims.lifecycle import Standing
from byoip.domain.operator_text import stated_reason
from byoip.domain.watch.freezing import NotFrozen
from byoip.store.routes.views import BgpPrefixView
from byoip.store.transaction import Transaction
from byoip.usecases.routes.announce import announce


async def announce_on_word(
    tx: Transaction, claim_id: UUID, bgp_prefix_id: UUID, *, reason: str
) -> BgpPrefixView:
    """Announce a withdrawn route of a frozen or contested prefix, or of an origin in dispute.

    That stands: a customer under attack may depend on it. Of two accounts that have proven one
    space it is done for the one that holds the approval, never for the other. All other obstacles
    hold, as for the owner: *invalid* is never announced. A route that is announced already stays
    untouched, and the view says so.

    Raises:
        InvalidText: the reason.
        ClaimNotFound, BgpPrefixNotFound: there is no such live claim, or it has no such route.
        NotFrozen: its owner may announce it.
        Refusal: see `Announceable.require`.
    """
    why = stated_reason(reason)
    claim = await tx.lock_claim(claim_id)
    before = await tx.bgp_prefixes.get(claim_id, bgp_prefix_id)
    (own,) = await tx.session.look(tx.own_asns.standing(claim.account_id, before.asn))
    contested = claim.standing is Standing.CONTESTED
    if not (claim.frozen_for or own.disputed or contested):
        raise NotFrozen(" or contested, and its origin is not in dispute")
    if before.desired.advertised:
        return (await tx.bgp_prefixes.view(before, claim.version)).unchanged
    after = await announce(tx, claim, before, prepend=before.desired.prepend, on_word=why)
    return await tx.bgp_prefixes.view(after, claim.version)
