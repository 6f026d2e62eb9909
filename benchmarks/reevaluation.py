"""One snapshot of 800,000 VRPs, and 10,000 approved claims held against it."""

import asyncio
import time
from dataclasses import dataclass
from statistics import median

import psycopg
from benchmarks import in_bulk, vrps
from benchmarks.databases import Server, database
from benchmarks.figures import Figure, Tell
from benchmarks.filling import fill

from byoip.adapters.system_clock import SystemClock
from byoip.domain.history import Actor
from byoip.store.engine import make_engine
from byoip.store.transaction import Store
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims

_SECONDS = 1.0

_APPROVE = b"""
UPDATE prefixes SET state = 'approved', approved_at = now(), approved_by = 'checks',
    ownership_state = 'valid', ownership_passed_at = now() WHERE state = 'pending'
"""
# Nine of ten are made valid: a fleet of nothing but drifts is no fleet.
_VALID = b"""
INSERT INTO vrps (snapshot, prefix, max_length, asn, anchor, expires)
SELECT number, cidr, masklen(cidr), asn, 'ripe', NULL
FROM prefixes, current_vrp_snapshot WHERE get_byte(uuid_send(id), 0) % 10 > 0
"""
_BARE = b"""
SELECT count(*) FROM prefixes, LATERAL (
    SELECT FROM vrps WHERE snapshot = %(snapshot)s AND prefix >>= prefixes.cidr LIMIT 1
) AS covering
"""


@dataclass(frozen=True, slots=True)
class _Sizes:
    vrps: int = 800_000
    claims: int = 10_000  # whole accounts
    rounds: int = 5


_QUICK = _Sizes(vrps=1000, claims=1000, rounds=2)


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """Hold them against it: the first time with a tenth drifting, then with nothing new."""
    sizes = _QUICK if quick else _Sizes()
    with database(on, "production") as url:
        file = on.directory / "reevaluated.json"
        vrps.write_export(file, sizes.vrps)
        asyncio.run(vrps.load(url, file))
        fill(url, 0, sizes.claims)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_APPROVE)
            connection.execute(_VALID)
            connection.execute("ANALYZE")
            bare = median(_bare(connection) for _ in range(sizes.rounds))
            in_bulk.measure(tell, connection)
        first, *later = asyncio.run(_rounds(url, sizes))
    tell(_figure(sizes, "a tenth of them drift", first, bare))
    tell(_figure(sizes, "again", median(later), bare))


def _bare(connection: psycopg.Connection) -> float:
    row = connection.execute("SELECT number FROM current_vrp_snapshot").fetchone()
    assert row is not None
    started = time.perf_counter()
    connection.execute(_BARE, {"snapshot": row[0]}).fetchall()
    return time.perf_counter() - started


async def _rounds(url: str, sizes: _Sizes) -> list[float]:
    engine, clock = make_engine(url), SystemClock()
    reevaluate = ReevaluateClaims(Store(engine, clock), clock)
    seconds = []
    for _ in range(sizes.rounds):
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM origin_watch")
        started = time.perf_counter()
        pages = [one.routes async for one in reevaluate.pages(by=Actor("benchmark", "benchmark"))]
        seconds.append(time.perf_counter() - started)
        assert sum(pages) == sizes.claims
    await engine.dispose()
    return seconds


def _figure(sizes: _Sizes, which: str, seconds: float, bare: float) -> Figure:
    return Figure(
        f"{sizes.claims:,} claims against {sizes.vrps:,} VRPs, {which}",
        f"{seconds:.2f} s",
        f"bare covering lookups: {bare:.2f} s",
        f"{bare / seconds:.0%}",
        f"{_SECONDS:.0f} s",
        seconds <= _SECONDS,
    )
