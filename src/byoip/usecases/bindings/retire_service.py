from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.operating import ServiceInUse, stated_reason
from byoip.domain.bindings.service_binding import Service
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.bindings.create_service import shown


@dataclass(frozen=True, slots=True)
class RetireService:
    """Offer a service no longer. Not from under anything that is bound to it."""

    store: Store
    clock: Clock

    async def __call__(
        self, service_id: UUID, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> Service:
        """End it; the row stays.

        Raises:
            ServiceNotOffered, InvalidText: as they say.
            ServiceInUse: it has bindings, or an edge in service may still answer with it.
        """
        why, now = stated_reason(reason), self.clock.now()
        async with self.store.transaction(once, actor=by) as tx:
            service = await tx.operating.services.lock(service_id)
            bound, _ = await tx.operating.services.bindings(service_id)
            if bound:
                raise ServiceInUse(f"{bound} bindings rest on it")
            if names := await tx.edges.holding(service_id):
                raise ServiceInUse(f"edges have not acknowledged its end: {', '.join(names[:5])}")
            await tx.operating.services.retire(service_id, now)
            tx.record_for_operators("service.retired", why, before=shown(service))
            await tx.answered(service)
        return service
