from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.routes.views import BgpPrefixView
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class LockBgpPrefix:
    """Take a route out of its owner's hands, announced or withdrawn as it is, or give it back.

    While it is locked nobody announces, withdraws, prepends or ends it, and its prefix does not
    leave. Routers go on with what was desired before.
    """

    store: Store
    clock: Clock

    async def __call__(
        self,
        claim_id: UUID,
        bgp_prefix_id: UUID,
        *,
        locked: bool,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> BgpPrefixView:
        """Make it so; what is so already stays untouched, and the view says so.

        Raises:
            ClaimNotFound, BgpPrefixNotFound, InvalidText: as they say.
        """
        why = stated_reason(reason)
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id)
            before = await tx.bgp_prefixes.get(claim_id, bgp_prefix_id)
            after, changes = before, before.locked is not locked
            if changes:
                now = self.clock.now()
                after = before.lock(now, locked=locked)
                await tx.bgp_prefixes.save(after)
                shown = {
                    "bgp_prefix_id": after.id.hex,
                    "cidr": str(after.cidr),
                    "advertised": after.desired.advertised,
                    "reason": why.value,
                }
                kind = "bgp_prefix.locked" if locked else "bgp_prefix.unlocked"
                tx.record(claim_id, kind, after=shown)
            view = await tx.bgp_prefixes.view(after, claim.version)
            view = view if changes else view.unchanged
            await tx.answered(view)
        return view
