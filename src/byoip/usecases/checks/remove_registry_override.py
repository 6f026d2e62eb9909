from dataclasses import dataclass
from uuid import UUID

from byoip.domain.checks.registry_override import RegistryOverride
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.operator_text import stated_reason
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.checks.put_registry_override import shown


@dataclass(frozen=True, slots=True)
class RemoveRegistryOverride:
    """Go back to what the settings and the registries' statistics say."""

    store: Store
    clock: Clock

    async def __call__(
        self, override_id: UUID, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> RegistryOverride:
        """End it; the row stays.

        Raises:
            OverrideNotFound, InvalidText: as they say.
        """
        why, now = stated_reason(reason), self.clock.now()
        async with self.store.transaction(once, actor=by) as tx:
            removed = await tx.operating.overrides.remove(override_id, now)
            before = shown(removed)
            tx.record_for_operators("registry_override.removed", why, before=before)
            await tx.answered(removed)
        return removed
