from dataclasses import dataclass
from uuid import UUID

from byoip.domain.claims.claim import WithdrawFirst
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.routes.lifecycle import end_routes, still_out


@dataclass(frozen=True, slots=True)
class RemoveBgpPrefix:
    """End a route that nobody hears of any more."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        bgp_prefix_id: UUID,
        *,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> None:
        """End it; the row stays, a tombstone.

        Raises:
            ClaimNotFound, PreconditionFailed, BgpPrefixNotFound, AdvertiseStateLocked: as they say.
            WithdrawFirst: it is wanted, held or seen; or it spans the prefix, and goes with the
                default binding, as it came.
        """
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            gone = await tx.bgp_prefixes.get(claim_id, bgp_prefix_id)
            if why := (await still_out(tx, claim_id)).get(bgp_prefix_id):
                raise WithdrawFirst(why)
            if gone.spans and any(one.is_default for one in await tx.bindings.of(claim_id)):
                raise WithdrawFirst("it spans the prefix, and goes with its default binding")
            now = self.clock.now()
            await tx.claims.save(claim.written(now))
            await end_routes(tx, [gone])
            await tx.answered(None)
