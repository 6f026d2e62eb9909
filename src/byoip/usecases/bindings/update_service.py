from dataclasses import dataclass, replace
from uuid import UUID

from byoip.domain.accounts.operating import may_be_default_only, stated_reason
from byoip.domain.bindings.service_binding import Service
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.bindings.create_service import shown


@dataclass(frozen=True, slots=True)
class UpdateService:
    """Change whether a service takes parts of prefixes."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        service_id: UUID,
        *,
        default_only: bool,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> Service:
        """Write it.

        Raises:
            ServiceNotOffered, PreconditionFailed, InvalidText: as they say.
            ServiceInUse: it is bound to parts of prefixes.
        """
        why = stated_reason(reason)
        async with self.store.transaction(once, actor=by) as tx:
            old = await tx.operating.services.lock(service_id)
            by.seen.require(old.version)
            new = replace(old, default_only=default_only)
            if new != old:
                new = replace(new, version=old.version + 1)
                _, nested = await tx.operating.services.bindings(service_id)
                may_be_default_only(nested if default_only else 0)
                await tx.operating.services.save(new)
                tx.record_for_operators("service.updated", why, before=shown(old), after=shown(new))
            await tx.answered(new)
        return new
