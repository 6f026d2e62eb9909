from dataclasses import dataclass
from uuid import UUID, uuid4

from byoip.domain.bindings.service_binding import PrefixNotApproved, ServiceBinding, may_bind
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.prefix import Prefix
from byoip.ports.clock import Clock
from byoip.store.claims.views import BindingView
from byoip.store.transaction import Store
from byoip.usecases.routes.lifecycle import begin_route


@dataclass(frozen=True, slots=True)
class BindService:
    """Let a service answer for a range of an approved prefix, the whole of it first.

    With the whole comes the BGP prefix that spans it, withdrawn.
    """

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        *,
        cidr: str,
        service_id: UUID,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> BindingView:
        """Keep a new binding.

        Raises:
            InvalidPrefix, ClaimNotFound, PreconditionFailed, PrefixNotApproved, PrefixSuspended,
            ServiceNotFound,
            BindingOutsidePrefix, BindingExists, DefaultBindingFirst, DefaultOnlyService,
            TooManyBindings: as their names say.
            Contested: another claim still serves some of it.
        """
        wanted = Prefix.parse(cidr)
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            if not claim.approved:
                raise PrefixNotApproved
            claim.require_open_to_changes()
            service = await tx.services.get(service_id)
            may_bind(claim.prefix, wanted, service, await tx.bindings.of(claim_id))
            now = self.clock.now()
            binding = ServiceBinding(uuid4(), claim_id, claim.prefix, wanted, service, now)
            written = claim.written(now)
            await tx.claims.save(written)
            binding = await tx.bindings.add(binding)
            after = {
                "binding_id": binding.id.hex,
                "cidr": str(wanted),
                "service_id": service.id.hex,
            }
            tx.record(claim_id, "binding.created", after=after)
            if binding.is_default and await tx.bgp_prefixes.spanning(claim_id) is None:
                await begin_route(tx, claim, wanted)
            view = BindingView(binding, written.version)
            await tx.answered(view)
        return view
