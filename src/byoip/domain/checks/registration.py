"""Which registry is responsible for a prefix, and has it given the space to a holder?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from byoip.domain.checks.evidence import Failed, Fault, Reason, Unanswered
from byoip.domain.checks.iana import registry_hint
from byoip.domain.checks.registry import Allocation, Basis, Registry, Responsible
from byoip.domain.foreign_text import listed
from byoip.domain.prefix import Prefix

# Of the four statuses of the delegated-extended statistics format, those with a holder.
_HELD: Final = frozenset({"allocated", "assigned"})

_CHECK: Final = "Check the prefix, or ask the registry of the space about its registration."
_SPLIT: Final = "Bring one prefix for each registry."


def responsible_registry(
    prefix: Prefix,
    allocations: Sequence[Allocation] | None,
    registries: Mapping[str, Registry],
    overrides: Sequence[tuple[Prefix, str]],
) -> Responsible | Failed | Unanswered:
    """Find the one registry that is responsible for all of a prefix.

    Args:
        prefix: the claimed prefix.
        allocations: every range of the newest statistics that overlaps the prefix; None while no
            statistics are loaded: then IANA's table hints at the registry, and refuses nothing.
        registries: those this operator knows, by key.
        overrides: the operator's own word per range; the longest that covers the prefix wins, and
            the space then counts as held.
    """
    named = _override(prefix, overrides) or _recorded(prefix, allocations)
    if not isinstance(named, tuple):
        return named
    key, basis = named
    inside = {other for part, other in overrides if prefix.covers(part)}
    if inside - {key}:
        return _spans(prefix, inside | {key})
    if key not in registries:
        return Unanswered(Fault.NO_DATA, f"This operator has no registry {key!r} configured.")
    return Responsible(registries[key], basis)


def _override(prefix: Prefix, overrides: Iterable[tuple[Prefix, str]]) -> tuple[str, Basis] | None:
    covering = [(part.length, key) for part, key in overrides if part.covers(prefix)]
    return (max(covering)[1], Basis.OVERRIDE) if covering else None


def _recorded(
    prefix: Prefix, allocations: Sequence[Allocation] | None
) -> tuple[str, Basis] | Failed | Unanswered:
    if allocations is None:
        hint = registry_hint(prefix)
        if hint is None:
            text = f"No statistics are loaded yet, and IANA's table names no registry for {prefix}."
            return Unanswered(Fault.NO_DATA, text)
        return hint, Basis.HINT
    parts = [one for one in allocations if one.prefix.overlaps(prefix)]
    held = [one for one in parts if one.status in _HELD]
    if not _tile(prefix, held) or len(held) < len(parts):
        return _not_held(prefix, parts)
    keys = {one.registry for one in held}
    if len(keys) > 1:
        return _spans(prefix, keys)
    if len(held) > 1 and (len({one.holder for one in held}) > 1 or not held[0].holder):
        seen = f"{prefix} is registered to more than one holder."
        return Failed(Reason.NOT_ALLOCATED, seen, "Bring one prefix for each holder.")
    return held[0].registry, Basis.STATISTICS


def _tile(prefix: Prefix, held: Iterable[Allocation]) -> bool:
    """Whether the parts leave no address of the prefix out."""
    reached = int(prefix.network.network_address)
    for network in sorted(one.prefix for one in held):
        if int(network.network.network_address) > reached:
            return False
        reached = max(reached, int(network.network.broadcast_address) + 1)
    return reached > int(prefix.network.broadcast_address)


def _not_held(prefix: Prefix, parts: Iterable[Allocation]) -> Failed:
    loose = listed(f"{one.prefix} is {one.status}" for one in parts if one.status not in _HELD)
    seen = f"{prefix} is not allocated in whole: {loose or 'a part is in no statistics'}."
    return Failed(Reason.NOT_ALLOCATED, seen, _CHECK)


def _spans(prefix: Prefix, keys: Iterable[str]) -> Failed:
    seen = f"{prefix} spans the registries {listed(sorted(keys))}."
    return Failed(Reason.SPANS_REGISTRIES, seen, _SPLIT)
