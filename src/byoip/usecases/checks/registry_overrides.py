"""Registry overrides: the operator says which registry is responsible for a range."""

from collections.abc import Set as AbstractSet
from uuid import UUID, uuid4

from byoip.domain.checks.registry_override import RegistryOverride, RegistryUnknown
from byoip.domain.operator_text import stated_reason
from byoip.domain.prefix import Prefix
from byoip.store.transaction import Transaction


async def put(
    tx: Transaction, *, registries: AbstractSet[str], cidr: str, registry: str, reason: str
) -> RegistryOverride:
    """Name the registry responsible for a range, in place of the override of exactly that range.

    Of several overrides that cover a prefix the longest counts. `registries` are the keys of
    those that the settings know.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        InvalidPrefix: `cidr` is not a prefix.
        RegistryUnknown: the settings know no such registry.
    """
    why = stated_reason(reason)
    override = RegistryOverride(uuid4(), Prefix.parse(cidr), registry, why, tx.now)
    if registry not in registries:
        raise RegistryUnknown(registries)
    replaced = await tx.registry_overrides.put(override)
    before = _shown(replaced) if replaced else {}
    tx.record_for_operators("registry_override.put", why, before=before, after=_shown(override))
    return override


async def remove(tx: Transaction, override_id: UUID, *, reason: str) -> RegistryOverride:
    """Go back to what the settings and the registries' statistics say; the row stays.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        OverrideNotFound: there is no such override, or it was removed before.
    """
    why = stated_reason(reason)
    removed = await tx.registry_overrides.remove(override_id, tx.now)
    tx.record_for_operators("registry_override.removed", why, before=_shown(removed))
    return removed


def _shown(override: RegistryOverride) -> dict[str, object]:
    return {
        "registry_override_id": override.id.hex,
        "cidr": str(override.prefix),
        "registry": override.registry,
    }
