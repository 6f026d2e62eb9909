from dataclasses import dataclass
from uuid import UUID

from byoip.domain.bindings.service_binding import binding_of, may_unbind
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.transaction import Store, Transaction
from byoip.usecases.routes.lifecycle import end_routes, require_withdrawn


@dataclass(frozen=True, slots=True)
class UnbindService:
    """Take a binding away; the default goes last, and its BGP prefix with it."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        binding_id: UUID,
        *,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> None:
        """End it; the row stays. Edges answer as before until they have acknowledged that.

        Raises:
            ClaimNotFound, PreconditionFailed, BindingNotFound, DefaultBindingInUse,
            AdvertiseStateLocked: as they say.
            WithdrawFirst: it is the default, and the Internet may still know one of the routes.
        """
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            bindings = await tx.bindings.of(claim_id)
            binding = binding_of(binding_id, bindings)
            may_unbind(binding, bindings)
            now = self.clock.now()
            if binding.is_default:
                await _end_spanning(tx, claim_id)
            await tx.claims.save(claim.written(now))
            await tx.bindings.remove(binding_id, now)
            before = {
                "binding_id": binding.id.hex,
                "cidr": str(binding.cidr),
                "service_id": binding.service.id.hex,
            }
            tx.record(claim_id, "binding.removed", before=before)
            await tx.answered(None)


async def _end_spanning(tx: Transaction, claim_id: UUID) -> None:
    await require_withdrawn(tx, claim_id)  # of all routes: each rests on the default binding
    if spanning := await tx.bgp_prefixes.spanning(claim_id):
        await end_routes(tx, [spanning])
