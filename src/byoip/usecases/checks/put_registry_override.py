from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import uuid4

from byoip.domain.checks.registry_override import RegistryOverride, RegistryUnknown
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.operator_text import stated_reason
from byoip.domain.prefix import Prefix
from byoip.ports.clock import Clock
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class PutRegistryOverride:
    """Say which registry is responsible for a range; of several, the longest counts.

    Attributes:
        registries: keys of those that the settings know.
    """

    store: Store
    clock: Clock
    registries: AbstractSet[str]

    async def __call__(
        self,
        *,
        cidr: str,
        registry: str,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> RegistryOverride:
        """Keep it, in place of the one for exactly the same range.

        Raises:
            InvalidPrefix, RegistryUnknown, InvalidText: as they say.
        """
        why, now = stated_reason(reason), self.clock.now()
        override = RegistryOverride(uuid4(), Prefix.parse(cidr), registry, why, now)
        if registry not in self.registries:
            raise RegistryUnknown(self.registries)
        async with self.store.transaction(once, actor=by) as tx:
            replaced = await tx.operating.overrides.put(override)
            before = shown(replaced) if replaced else {}
            after = shown(override)
            tx.record_for_operators("registry_override.put", why, before=before, after=after)
            await tx.answered(override)
        return override


def shown(override: RegistryOverride) -> dict[str, object]:
    """What the history says of an override."""
    return {
        "registry_override_id": override.id.hex,
        "cidr": str(override.prefix),
        "registry": override.registry,
    }
