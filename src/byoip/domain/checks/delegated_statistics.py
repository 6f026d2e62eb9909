"""The registries' delegated-extended statistics files, read into prefixes.

Format: "RIR Statistics Exchange Format", extended by an opaque id for the holder; published with
the files, for example https://ftp.ripe.net/pub/stats/ripencc/RIR-Statistics-Exchange-Format.txt:
a version line, summary lines, then `registry|cc|type|start|value|date|status|opaque-id|...`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import islice
from typing import TypeAlias, overload

from byoip.domain.asns.registration import AsnRange
from byoip.domain.asns.statistics_rows import AsnRows
from byoip.domain.checks.registry import Allocation
from byoip.domain.foreign_text import shown
from byoip.domain.prefix import Prefix

REGISTRIES = frozenset({"afrinic", "apnic", "arin", "lacnic", "ripencc"})

# They come out daily: what is older was not fetched.
OLD_AFTER = timedelta(days=2)

# A new file with fewer prefixes than this share of the best count is not believed.
SMALLEST_SHARE = 0.5
# How far back the best count is looked for: a loss in small steps is a loss, too.
MEASURED_FOR = timedelta(days=7)

_STATUSES = frozenset({"allocated", "assigned", "available", "reserved"})
_OPAQUE_ID = re.compile(r"[!-\[\]-~]{0,100}")  # printable ASCII without spaces and backslashes
_COUNTRY = re.compile(r"[A-Z]{2}")
_LONGEST_LINE = 1000
_MOST_RANGES = 1_000_000  # a hundred and forty megabytes; the largest file has 300,000
MOST_LINES = 5_000_000  # of any kind, the rest is not read; the longest file has 400,000
# Lines that make no sense, and lines that the file's own summary counts but does not contain.
_TOLERATED_SHARE = 0.01
_VERSION_FIELDS = 7
_SUMMARY_FIELDS = 6
_RECORD_FIELDS = 7


# Family, start, length, status, holder, country. Plain tuples, which the garbage collector leaves:
# to look at a million objects takes it half a second, again and again.
_Range: TypeAlias = tuple[int, int, int, str, str, str]


class Ranges(Sequence[Allocation]):
    """Allocations, each made when it is asked for: a file has several hundred thousand."""

    def __init__(self, registry: str, ranges: Sequence[_Range]) -> None:
        self._registry = registry
        self._ranges = ranges

    def __len__(self) -> int:
        return len(self._ranges)

    @overload
    def __getitem__(self, index: int) -> Allocation: ...
    @overload
    def __getitem__(self, index: slice) -> "Ranges": ...
    def __getitem__(self, index: int | slice) -> "Allocation | Ranges":
        if isinstance(index, slice):
            return Ranges(self._registry, self._ranges[index])
        family, start, length, status, holder, country = self._ranges[index]
        kind = IPv4Network if family == 4 else IPv6Network  # noqa: PLR2004 - IPv4
        return Allocation(Prefix(kind((start, length))), self._registry, status, holder, country)


@dataclass(frozen=True, slots=True)
class Statistics:
    """One file, read.

    Attributes:
        serial: from its version line.
        skipped: lines that made no sense.
        asns: its rows of AS numbers; None: they are no list of them.
    """

    registry: str
    serial: str
    allocations: Ranges
    skipped: int
    asns: Sequence[AsnRange] | None = None


@dataclass(frozen=True, slots=True)
class UnreadableStatistics:
    """Not a statistics file, or not a complete one."""

    why: str


def parse_statistics(lines: Iterable[str], registry: str) -> Statistics | UnreadableStatistics:
    """Read the file of one registry.

    Lenient with single lines (up to 1 % may make no sense), strict about the whole: the version
    line must name the registry, and the records be as many as the summary promises.
    """
    serial: str | None = None
    promised = records = skipped = 0
    ranges: list[_Range] = []
    asns = AsnRows(registry)
    for line in islice(lines, MOST_LINES):
        fields = line[: _LONGEST_LINE + 1].rstrip("\r\n").split("|")
        if line.startswith("#") or fields == [""]:
            continue
        if serial is None:
            if len(fields) < _VERSION_FIELDS or fields[1] != registry:
                return UnreadableStatistics(f"the version line is not one of {registry}'s")
            serial = shown(fields[2][:40])
        elif asns.take(fields, whole=len(line) <= _LONGEST_LINE):
            continue
        elif fields[-1] == "summary" and len(fields) == _SUMMARY_FIELDS:
            promised += _whole_number(fields[4]) or 0
        else:
            found = _record(line, fields, registry)
            ranges.extend(found)
            records += 1
            skipped += not found
        if len(ranges) > _MOST_RANGES:
            return UnreadableStatistics(f"more than {_MOST_RANGES} prefixes")
    if serial is None:
        return UnreadableStatistics("the file is empty")
    if why := _incomplete(promised=promised, records=records, skipped=skipped):
        return UnreadableStatistics(why)
    return Statistics(registry, serial, Ranges(registry, ranges), skipped, asns.ranges())


def too_few(ranges: int, best: int | None) -> str | None:
    """Why a file with so few prefixes is not believed; None: it is.

    `best` is the highest count of the last seven days, or since an operator last accepted one.
    """
    if ranges == 0 or (best is not None and ranges < SMALLEST_SHARE * best):
        return f"{ranges} prefixes, {best or 0} at best within a week"
    return None


def gone_back(serial: str, used: str | None) -> str | None:
    """Why a file is older than the one in use, by their serials; None: it is not, or none can tell.

    Registries count in seconds or days, so that of two numbers as long the lower one is older.
    """
    if used is None or len(serial) != len(used) or not (serial + used).isdecimal():
        return None
    if serial >= used:
        return None
    return f"its serial {serial} is before that of the file in use, {used}"


def _incomplete(*, promised: int, records: int, skipped: int) -> str | None:
    if records < promised * (1 - _TOLERATED_SHARE):
        return f"{records} records, but its summary says {promised}: the file is cut short"
    if skipped > records * _TOLERATED_SHARE:
        return f"{skipped} of {records} records make no sense"
    return None


def _record(line: str, fields: Sequence[str], registry: str) -> list[_Range]:
    if len(line) > _LONGEST_LINE or len(fields) < _RECORD_FIELDS or fields[0] != registry:
        return []
    _, country, kind, start, value, _, status, *rest = fields
    size = _whole_number(value)
    holder = rest[0] if rest else ""
    country = country if _COUNTRY.fullmatch(country) else ""
    if size is None or status not in _STATUSES or not _OPAQUE_ID.fullmatch(holder):
        return []
    try:
        if kind == "ipv4":
            blocks = _ipv4_blocks(int(IPv4Address(start)), size)
            return [(4, first, length, status, holder, country) for first, length in blocks]
        if kind == "ipv6" and "%" not in start:
            network = IPv6Network((int(IPv6Address(start)), size))
            return [(6, int(network.network_address), size, status, holder, country)]
    except (AddressValueError, ValueError):
        return []
    return []


def _ipv4_blocks(start: int, count: int) -> Iterator[tuple[int, int]]:
    """Cut `count` addresses into the fewest prefixes; they need not be a power of two."""
    end = start + count
    if count == 0 or end > 2**32:
        raise ValueError(count)
    while start < end:
        aligned = (start & -start) or 2**32
        size = min(aligned, 1 << ((end - start).bit_length() - 1))
        yield start, 33 - size.bit_length()
        start += size


def _whole_number(text: str) -> int | None:
    # `int` would take signs, spaces, underscores and digits of other scripts.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None  # noqa: PLR2004 - 2^32 has 10 digits
