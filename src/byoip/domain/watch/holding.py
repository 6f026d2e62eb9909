"""Who holds a prefix by the registries' statistics, as it is remembered and compared.

Registry, opaque id and status count; the extent of rows does not: registries merge and split the
rows of one holder. What leaves part of the prefix out, or contradicts itself, says nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from byoip.domain.checks.registration import MOST_RANGES
from byoip.domain.checks.registry import HELD, Allocation
from byoip.domain.foreign_text import listed, shown
from byoip.domain.prefix import Prefix

# Registry, opaque id, and the status; of space with a holder "held", whichever word it has.
Part: TypeAlias = tuple[str, str, str]
Holding: TypeAlias = tuple[Part, ...]
_HELD: Final = "held"


def holding_of(prefix: Prefix, allocations: Sequence[Allocation] | None) -> Holding | str:
    """Who holds it, or why that is not known: text."""
    if allocations is None:
        return "no statistics are loaded"
    if len(allocations) > MOST_RANGES:
        return "too many ranges"
    rows = sorted((one for one in allocations if one.prefix.overlaps(prefix)), key=_place)
    reached = int(prefix.network.network_address)
    last: Allocation | None = None
    for row in rows:
        if last is not None and last.prefix.overlaps(row.prefix):
            return "the registries' statistics list some of it twice"
        if int(row.prefix.network.network_address) > reached:
            break
        reached = max(reached, int(row.prefix.network.broadcast_address) + 1)
        last = row
    if reached <= int(prefix.network.broadcast_address):
        return "a part of it is in no statistics"
    return tuple(sorted({_part(row) for row in rows}))


def _place(row: Allocation) -> tuple[int, int]:
    return int(row.prefix.network.network_address), row.prefix.length


def _part(row: Allocation) -> Part:
    held = row.status in HELD
    return row.registry, row.holder if held else "", _HELD if held else row.status


def in_words(holding: Iterable[Part]) -> str:
    """For people: the registry's own ids."""
    return listed(
        f"{shown(holder) or 'a holder without an id'} at {registry}"
        if status == _HELD
        else f"{status} at {registry}"
        for registry, holder, status in holding
    )


# Registries may number all holders anew; until then a day brings some dozens of transfers.
LEAST_REKEYED: Final = 20
_SHARE_REKEYED: Final = 0.01


def rekeyed(changed: int, same: int) -> bool:
    """Whether so many rows changed nothing but their id that the registry has numbered anew.

    Args:
        changed: rows of the same prefix and status, with another id than in the file before; or
            holders of such rows.
        same: those with the same id.
    """
    return changed >= LEAST_REKEYED and changed > _SHARE_REKEYED * (changed + same)


def translation(rows: Mapping[tuple[str, str], int]) -> dict[str, str]:
    """Old id to new one, where it is one to one.

    Space that is sold on the same day goes from an old id to the new one of another holder. So two
    ids belong together where each has more of its rows in common with the other than with any
    third; rows that go elsewhere have left the mapping.

    Args:
        rows: how many rows went from an old id to a new one.
    """
    of_old, of_new = Counter[str](), Counter[str]()
    for (old, new), many in rows.items():
        of_old[old] += many
        of_new[new] += many
    best_new: dict[str, tuple[float, str | None]] = {}
    best_old: dict[str, tuple[float, str | None]] = {}
    for (old, new), many in rows.items():
        alike = many / (of_old[old] + of_new[new] - many)
        _keep(best_new, old, new, alike)
        _keep(best_old, new, old, alike)
    return {
        old: new
        for old, (_, new) in best_new.items()
        if new is not None and best_old[new][1] == old
    }


def _keep(best: dict[str, tuple[float, str | None]], one: str, other: str, alike: float) -> None:
    known, _ = best.get(one, (0.0, None))
    if alike > known:
        best[one] = alike, other
    elif alike == known:  # two are as likely: neither
        best[one] = alike, None


@dataclass(frozen=True, slots=True)
class NumberedAnew:
    """A registry has given its holders new ids with a file.

    Attributes:
        at: when the file was loaded.
        ids: old id to new, where it is one to one.
    """

    at: datetime
    registry: str
    ids: Mapping[str, str]


def by_new_ids(registry: str, holder: str, since: datetime, anew: Iterable[NumberedAnew]) -> str:
    """The id by which a registry names a holder of then now; `anew` in order."""
    for one in anew:
        if one.registry == registry and one.at > since:
            holder = one.ids.get(holder, holder)
    return holder


def translated(holding: Holding, registry: str, ids: Mapping[str, str]) -> Holding:
    """The same holders by their new ids; one without a new id keeps the old one."""
    parts = (
        (at, ids.get(holder, holder) if at == registry else holder, status)
        for at, holder, status in holding
    )
    return tuple(sorted(parts))
