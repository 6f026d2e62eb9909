"""Covering look-ups of many routes among VRPs: a statement for a thousand, or arrays in a process.

The arrays are what was tried in their place: sorted, built of one snapshot, gone after use.
"""

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Self

import psycopg
from benchmarks.figures import Figure, Tell
from benchmarks.processes import cpu_seconds

_PAGE = 1000  # as re-evaluation has it
_GOAL = 0.05  # ms
_V4 = """
SELECT string_agg(int8send(((prefix - '0.0.0.0'::inet) << 6) | masklen(prefix)), ''::bytea),
    string_agg(int8send(asn << 8 | max_length), ''::bytea),
    string_agg(int8send(coalesce(expires, 0)), ''::bytea)
FROM (SELECT * FROM vrps WHERE snapshot = %s AND family(prefix) = 4 ORDER BY prefix) AS sorted
"""
_V6 = """
SELECT string_agg(substr(inet_send(prefix), 5, 16) || int2send(masklen(prefix)::int2), ''::bytea),
    string_agg(int8send(asn << 8 | max_length), ''::bytea),
    string_agg(int8send(coalesce(expires, 0)), ''::bytea)
FROM (SELECT * FROM vrps WHERE snapshot = %s AND family(prefix) = 6 ORDER BY prefix) AS sorted
"""
_BYTES_OF_V6, _LENGTH_BITS = 18, {4: 6, 6: 16}
_IN_USE = b"SELECT number FROM current_vrp_snapshot"
_ROUTES = b"SELECT cidr FROM prefixes ORDER BY id"
_BY_STATEMENT = b"""
SELECT sum(found) FROM (SELECT cidr FROM prefixes ORDER BY id OFFSET %s LIMIT %s) AS page, LATERAL (
    SELECT count(*) AS found FROM (
        SELECT expires, asn, max_length FROM vrps WHERE snapshot = %s AND prefix >>= page.cidr
        LIMIT 201
    ) AS covering
) AS each
"""


@dataclass(frozen=True, slots=True)
class _Family:
    """VRPs of a family in the order of prefixes: address and length as one number, and the rest."""

    width: int
    keys: Sequence[int]
    routes: Sequence[int]
    ends: Sequence[int]
    lengths: Sequence[int]

    def covering(self, address: int, length: int) -> int:
        """How many cover a route; where each stands is between the two places found."""
        bits, found = _LENGTH_BITS[4 if self.width == 32 else 6], 0
        for shorter in self.lengths:
            if shorter > length:
                break
            rest = self.width - shorter
            key = (address >> rest << rest << bits) | shorter
            first = bisect_left(self.keys, key)
            if first < len(self.keys) and self.keys[first] == key:
                found += bisect_right(self.keys, key, first) - first
        return found


@dataclass(frozen=True, slots=True)
class _Arrays:
    families: dict[int, _Family]

    @classmethod
    def load(cls, connection: psycopg.Connection, snapshot: int) -> Self:
        cursor = connection.cursor(binary=True)
        keys, routes, ends = map(_numbers, _only(cursor.execute(_V4, [snapshot])))
        v4 = _Family(32, keys, routes, ends, sorted({key & 63 for key in keys}))
        packed, *others = _only(cursor.execute(_V6, [snapshot]))
        cut = range(0, len(packed or b""), _BYTES_OF_V6)
        wide = [int.from_bytes(packed[at : at + _BYTES_OF_V6], "big") for at in cut]
        lengths = sorted({key & 0xFFFF for key in wide})
        routes, ends = map(_numbers, others)
        return cls({4: v4, 6: _Family(128, wide, routes, ends, lengths)})

    def covering(self, route: IPv4Network | IPv6Network) -> int:
        return self.families[route.version].covering(int(route.network_address), route.prefixlen)


def _busy(connection: psycopg.Connection) -> float:
    """Seconds of processors so far, of this process and of what serves it."""
    return time.process_time() + cpu_seconds(connection.info.backend_pid)


def _only(cursor: psycopg.Cursor) -> Sequence[Any]:
    row = cursor.fetchone()
    assert row
    return row


def _numbers(sent: bytes | None) -> "array[int]":
    made = array("q", sent or b"")
    made.byteswap()
    return made


def measure(tell: Tell, connection: psycopg.Connection) -> None:
    """Look up all routes by statements, and in arrays, a page of each in turn."""
    (snapshot,) = _only(connection.execute(_IN_USE))
    before = _busy(connection)
    arrays = _Arrays.load(connection, snapshot)
    built = _busy(connection) - before
    routes = [row[0] for row in connection.execute(_ROUTES).fetchall()]
    pages: list[float] = []
    each: list[float] = []
    for first in range(0, len(routes), _PAGE):
        page = routes[first : first + _PAGE]
        started = time.perf_counter()
        row = connection.execute(_BY_STATEMENT, [first, _PAGE, snapshot]).fetchone()
        pages.append((time.perf_counter() - started) * 1000 / len(page))
        found = 0
        for route in page:
            started = time.perf_counter()
            found += arrays.covering(route)
            each.append((time.perf_counter() - started) * 1000)
        if row is None or row[0] != found:
            raise RuntimeError(f"the arrays say {found}, Postgres says {row}")
    tell(_figure(sorted(pages), sorted(each), built))


def _figure(pages: list[float], each: list[float], built: float) -> Figure:
    (middle, slowest), (in_process, its_slowest) = (
        (one[len(one) // 2], one[len(one) * 99 // 100]) for one in (pages, each)
    )
    return Figure(
        "covering look-up in bulk, pages of 1,000 in a statement",
        f"p50 {middle:.3f} ms, p99 {slowest:.3f} ms",
        f"sorted arrays in the process: p50 {in_process:.3f} ms, p99 {its_slowest:.3f} ms, after "
        f"{built:.1f} s of processors to build them",
        f"{in_process / middle:.0%}",
        f"p99 {_GOAL} ms",
        slowest <= _GOAL,
    )
