"""One snapshot of 800,000 VRPs, and 10,000 approved claims held against it."""

import asyncio
import time
from statistics import median

import psycopg
from benchmarks import vrps
from benchmarks.databases import Server, database
from benchmarks.figures import Figure
from benchmarks.filling import fill

from byoip.adapters.system_clock import SystemClock
from byoip.ports.store import By
from byoip.store.engine import make_engine
from byoip.store.transaction import PostgresStore
from byoip.usecases.reevaluate_claims import ReevaluateClaims

_VRPS, _CLAIMS, _SECONDS, _ROUNDS = 800_000, 10_000, 1.0, 5

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


def measure(on: Server) -> list[Figure]:
    """Hold them against it: the first time with a tenth drifting, then with nothing new."""
    with database(on, "production") as url:
        file = on.directory / "reevaluated.json"
        vrps.write_export(file, _VRPS)
        asyncio.run(vrps.load(url, file))
        fill(url, 0, _CLAIMS)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_APPROVE)
            connection.execute(_VALID)
            connection.execute("ANALYZE")
            bare = median(_bare(connection) for _ in range(_ROUNDS))
        first, *later = asyncio.run(_rounds(url))
        return [
            _figure("a tenth of them drift", first, bare),
            _figure("again", median(later), bare),
        ]


def _bare(connection: psycopg.Connection) -> float:
    row = connection.execute("SELECT number FROM current_vrp_snapshot").fetchone()
    assert row is not None
    started = time.perf_counter()
    connection.execute(_BARE, {"snapshot": row[0]}).fetchall()
    return time.perf_counter() - started


async def _rounds(url: str) -> list[float]:
    engine, clock = make_engine(url), SystemClock()
    reevaluate = ReevaluateClaims(PostgresStore(engine, clock), clock)
    seconds = []
    for _ in range(_ROUNDS):
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM origin_watch")
        started = time.perf_counter()
        found = await reevaluate(by=By("benchmark", "benchmark"))
        seconds.append(time.perf_counter() - started)
        assert found is not None
        assert found.routes == _CLAIMS
    await engine.dispose()
    return seconds


def _figure(which: str, seconds: float, bare: float) -> Figure:
    return Figure(
        f"{_CLAIMS:,} claims against {_VRPS:,} VRPs, {which}",
        f"{seconds:.2f} s",
        f"bare covering lookups: {bare:.2f} s",
        f"{bare / seconds:.0%}",
        f"{_SECONDS:.0f} s",
        seconds <= _SECONDS,
    )
