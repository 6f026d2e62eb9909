from dataclasses import dataclass, replace
from uuid import UUID

from byoip.domain.service_binding import ServiceBinding, may_serve
from byoip.ports.clock import Clock
from byoip.ports.once import Once
from byoip.ports.store import By, Event, Store
from byoip.usecases.views import binding_of


@dataclass(frozen=True, slots=True)
class SwapService:
    """Change which service answers for a binding's range, at once and without a gap."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        binding_id: UUID,
        *,
        service_id: UUID,
        by: By,
        once: Once | None = None,
    ) -> ServiceBinding:
        """Swap it.

        Raises:
            ClaimNotFound, BindingNotFound, ServiceNotFound, DefaultOnlyService: as they say.
        """
        async with self.store.transaction(once) as shelf:
            claim = await shelf.claims.lock(claim_id, account_id)
            old = binding_of(binding_id, await shelf.bindings.of(claim_id))
            service = await shelf.services.get(service_id)
            may_serve(claim.prefix, old.cidr, service)
            swapped = replace(old, service=service)
            if old.service != service:
                await shelf.bindings.swap(binding_id, service)
                before, after = (
                    {"binding_id": binding_id.hex, "service_id": one.id.hex}
                    for one in (old.service, service)
                )
                event = Event(claim_id, "binding.swapped", by, self.clock.now(), before, after)
                await shelf.events.add(event)
            await shelf.answered(swapped)
        return swapped
