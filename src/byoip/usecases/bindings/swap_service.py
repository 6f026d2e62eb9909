from dataclasses import dataclass
from uuid import UUID

from byoip.domain.bindings.service_binding import PrefixNotApproved, binding_of, may_serve
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.claims.views import BindingView
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class SwapService:
    """Change which service answers for a binding's range, without a gap.

    At once where there are no edges; else the old service answers until they have the new one.
    """

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        binding_id: UUID,
        *,
        service_id: UUID,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> BindingView:
        """Swap it.

        Raises:
            ClaimNotFound, PreconditionFailed, PrefixNotApproved, PrefixSuspended, BindingNotFound,
            ServiceNotFound, DefaultOnlyService: as they say.
        """
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            if not claim.approved:  # the approval was revoked; what is bound stays
                raise PrefixNotApproved
            claim.require_open_to_changes()
            old = binding_of(binding_id, await tx.bindings.of(claim_id))
            service = await tx.services.get(service_id)
            may_serve(claim.prefix, old.cidr, service)
            view = BindingView(old, claim.version)
            if old.service != service:
                now = self.clock.now()
                written = claim.written(now)
                await tx.claims.save(written)
                view = BindingView(await tx.bindings.swap(binding_id, service), written.version)
                before, after = (
                    {"binding_id": binding_id.hex, "service_id": one.id.hex}
                    for one in (old.service, service)
                )
                tx.record(claim_id, "binding.swapped", before=before, after=after)
            await tx.answered(view)
        return view
