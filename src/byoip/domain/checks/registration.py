"""Which registry is responsible for a prefix, and has it given the space to a holder?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from byoip.domain.checks.evidence import Failed, Fault, Reason, Unanswered
from byoip.domain.checks.iana import registry_hint
from byoip.domain.checks.registries.national import MORE_AT, NATIONAL, National
from byoip.domain.checks.registry import HELD, Allocation, Basis, Registry, Responsible
from byoip.domain.foreign_text import listed, shown
from byoip.domain.prefix import Prefix

_CHECK: Final = "Check the prefix, or ask the registry of the space about its registration."
_SPLIT: Final = "Bring one prefix for each registry."
# Of a prefix; a /8 of many holders has 30,000, and anyone may claim it. One holder has a few rows.
MOST_RANGES: Final = 200
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def responsible_registry(
    prefix: Prefix,
    allocations: Sequence[Allocation] | None,
    registries: Mapping[str, Registry],
    overrides: Sequence[tuple[Prefix, str]],
    countries: Mapping[str, str] = _NONE,
) -> Responsible | Failed | Unanswered:
    """Find the one registry that is responsible for all of a prefix.

    Args:
        prefix: the claimed prefix.
        allocations: every range of the newest statistics that overlaps the prefix, or more than
            MOST_RANGES of them; None while no statistics are loaded: then IANA's table hints at the
            registry, and refuses nothing.
        registries: those this operator knows, by key.
        overrides: the operator's own word per range; the longest that covers the prefix wins, and
            the space then counts as held.
        countries: keys of the operator's registries by country, where they differ from the table.
    """
    named = _override(prefix, overrides) or _recorded(prefix, allocations)
    if not isinstance(named, tuple):
        return named
    key, basis = named
    inside = {other for part, other in overrides if prefix.covers(part)}
    if inside - {key}:
        return _spans(prefix, inside | {key})
    near = None if basis is not Basis.STATISTICS else _national(prefix, key, allocations, countries)
    if near and near.replaces:
        key, name = near.key, f"{near.name} (country {near.country})"
    else:
        name = key
    if key not in registries:
        seen = f"{prefix} is space of {name}."
        return Unanswered(Fault.UNKNOWN_REGISTRY, seen, unknown_registry(key))
    return Responsible(registries[key], basis, None if near and near.replaces else near)


def unknown_registry(key: str) -> str:
    """What to do about a registry that the settings do not know."""
    return (
        f"This operator has no registry {key!r} configured: the operator must add it to the "
        "settings, or waive irr for this prefix."
    )


def _national(
    prefix: Prefix, key: str, allocations: Sequence[Allocation] | None, named: Mapping[str, str]
) -> National | None:
    """The national registry of the one country; the operator's keys go before the table's.

    A country that the table has elsewhere, or nowhere, gives one at APNIC only: companies of such a
    country hold space of other regions, of which its national registry says nothing.
    """
    countries = {one.country for one in allocations or () if one.prefix.overlaps(prefix)}
    if len(countries) != 1:
        return None
    (country,) = countries
    known, own = NATIONAL.get((key, country)), named.get(country)
    if own is None or not country:
        return known
    if known:
        return replace(known, key=own, stands_as=known.key)
    return National(own, own, country) if key == MORE_AT else None


def _override(prefix: Prefix, overrides: Iterable[tuple[Prefix, str]]) -> tuple[str, Basis] | None:
    covering = [(part.length, key) for part, key in overrides if part.covers(prefix)]
    return (max(covering)[1], Basis.OVERRIDE) if covering else None


def _recorded(
    prefix: Prefix, allocations: Sequence[Allocation] | None
) -> tuple[str, Basis] | Failed | Unanswered:
    if allocations is None:
        return _hinted(prefix)
    if len(allocations) > MOST_RANGES:
        seen = f"{prefix} holds more than {MOST_RANGES} ranges of the registries' statistics."
        return Unanswered(Fault.TOO_LARGE, seen, "Bring parts of it, one for each holder.")
    return _held(prefix, [one for one in allocations if one.prefix.overlaps(prefix)])


def _held(prefix: Prefix, parts: Sequence[Allocation]) -> tuple[str, Basis] | Failed | Unanswered:
    if pair := _contradiction(parts):
        return _disagree(*pair)
    held = [one for one in parts if one.status in HELD]
    if not _tile(prefix, held) or len(held) < len(parts):
        return _not_held(prefix, parts)
    keys = {one.registry for one in held}
    if len(keys) > 1:
        return _spans(prefix, keys)
    if len(held) > 1 and (len({one.holder for one in held}) > 1 or not held[0].holder):
        seen = f"{prefix} is registered to more than one holder."
        return Failed(Reason.NOT_ALLOCATED, seen, "Bring one prefix for each holder.")
    return held[0].registry, Basis.STATISTICS


def _hinted(prefix: Prefix) -> tuple[str, Basis] | Unanswered:
    hint = registry_hint(prefix)
    if hint is None:
        text = f"No statistics are loaded yet, and IANA's table names no registry for {prefix}."
        return Unanswered(Fault.NO_DATA, text)
    return hint, Basis.HINT


def _tile(prefix: Prefix, held: Iterable[Allocation]) -> bool:
    """Whether the parts leave no address of the prefix out."""
    reached = int(prefix.network.network_address)
    for network in sorted(one.prefix for one in held):
        if int(network.network.network_address) > reached:
            return False
        reached = max(reached, int(network.network.broadcast_address) + 1)
    return reached > int(prefix.network.broadcast_address)


def _contradiction(parts: Iterable[Allocation]) -> tuple[Allocation, Allocation] | None:
    """Two rows, one in the other, of which one gives space to a holder that the other does not."""
    around: list[Allocation] = []  # rows that contain the one looked at, the largest first
    for one in sorted(parts, key=lambda part: part.prefix):
        while around and not around[-1].prefix.covers(one.prefix):
            around.pop()
        if other := next((wide for wide in around if _contradict(wide, one)), None):
            return other, one
        around.append(one)
    return None


def _contradict(one: Allocation, other: Allocation) -> bool:
    held = [part.status in HELD for part in (one, other)]
    same = (one.registry, one.holder) == (other.registry, other.holder)
    return any(held) and not (same and all(held))


def _disagree(one: Allocation, other: Allocation) -> Unanswered:
    to = one.registry == other.registry
    rows = " but ".join(
        f"{row.prefix} is {row.status} at {row.registry}{f' to {shown(row.holder)}' if to else ''}"
        for row in (one, other)
    )
    seen = (
        f"The registries' statistics disagree: {rows}. That is usual for days while space moves "
        "from one party to another, and is asked again."
    )
    return Unanswered(Fault.SOURCES_DISAGREE, seen)


def _not_held(prefix: Prefix, parts: Iterable[Allocation]) -> Failed:
    loose = listed(f"{one.prefix} is {one.status}" for one in parts if one.status not in HELD)
    seen = f"{prefix} is not allocated in whole: {loose or 'a part is in no statistics'}."
    return Failed(Reason.NOT_ALLOCATED, seen, _CHECK)


def _spans(prefix: Prefix, keys: Iterable[str]) -> Failed:
    seen = f"{prefix} spans the registries {listed(sorted(keys))}."
    return Failed(Reason.SPANS_REGISTRIES, seen, _SPLIT)
