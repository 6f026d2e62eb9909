from dataclasses import dataclass
from uuid import uuid4

from byoip.domain.accounts.operating import stated_name, stated_reason
from byoip.domain.bindings.service_binding import Service
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class CreateService:
    """Offer customers something to bind."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        *,
        name: str,
        default_only: bool,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> Service:
        """Keep a new service.

        Raises:
            ServiceExists, InvalidText: as they say.
        """
        why, now = stated_reason(reason), self.clock.now()
        service = Service(uuid4(), stated_name(name).value, default_only)
        async with self.store.transaction(once, actor=by) as tx:
            await tx.operating.services.add(service, now)
            tx.record_for_operators("service.created", why, after=shown(service))
            await tx.answered(service)
        return service


def shown(service: Service) -> dict[str, object]:
    """What the history says of a service."""
    return {
        "service_id": service.id.hex,
        "name": service.name,
        "default_only": service.default_only,
    }
