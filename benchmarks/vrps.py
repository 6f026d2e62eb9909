"""VRPs: an export of them, from that JSON file to queryable, and prefixes looked up among them.

Beside each its ceiling: COPY of lines already written out and an index, with nothing read, checked
or judged; and a bare select from one table by the same driver.

`python -m benchmarks.vrps DATABASE_URL FILE` loads them in a process of its own, as
`byoip rpki refresh` does, so its peak is its own.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import psycopg

from byoip.adapters.checks.vrp_exports import VrpFile
from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.adapters.system_clock import SystemClock
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.domain.prefix import Prefix
from byoip.store.checks.snapshots_sql import about
from byoip.store.checks.tables_snapshots import current_vrp_snapshot, vrp_snapshots, vrps
from byoip.store.checks.vrp_snapshots import RoaRepository, VrpSnapshots
from byoip.store.columns import metadata
from byoip.store.engine import make_engine
from byoip.usecases.checks.refresh_roas import RefreshRoas, RoasAccepted

ANCHORS = ("afrinic", "apnic", "arin", "lacnic", "ripe")
LOOKUPS = 3000
# Lengths and their weights, roughly as ROAs have them.
IPV4 = {16: 1, 18: 1, 19: 2, 20: 4, 21: 4, 22: 12, 23: 8, 24: 40}
IPV6 = {29: 2, 32: 6, 36: 3, 40: 4, 44: 5, 48: 20}
IPV4_SHARE = 0.8
BARE = b"""select prefix, max_length, asn, anchor, expires from bare
where prefix >>= cast(%(prefix)s as cidr)"""


def timed(connection: psycopg.Connection, query: bytes, asked: Sequence[str]) -> list[float]:
    times = []
    for prefix in asked:
        started = time.perf_counter()
        connection.execute(query, {"prefix": prefix}, prepare=True).fetchall()
        times.append((time.perf_counter() - started) * 1000)
    return times


def in_turn(
    connection: psycopg.Connection, queries: Sequence[bytes], asked: Sequence[str]
) -> list[list[float]]:
    """Both look up the same, a hundred at a time: whatever else happens disturbs both."""
    times: list[list[float]] = [[] for _ in queries]
    for first in range(0, len(asked), 100):
        for each, query in zip(times, queries, strict=True):
            each.extend(timed(connection, query, asked[first : first + 100]))
    return times


def ours(connection: psycopg.Connection) -> bytes:
    """The statement of a look-up in the snapshot that is in use."""
    row = connection.execute("SELECT number FROM current_vrp_snapshot").fetchone()
    assert row is not None
    return about(row[0]).text


async def look_up(url: str, asked: Sequence[str]) -> list[float]:
    engine = make_engine(url)
    times = []
    async with engine.connect() as connection:
        tx = RoaRepository(connection, SystemClock())
        for prefix in map(Prefix.parse, asked):
            started = time.perf_counter()
            await tx.about(prefix)
            times.append((time.perf_counter() - started) * 1000)
    await engine.dispose()
    return times


def load_in_a_process(url: str, file: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.vrps", url, str(file)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - us
    seconds, peak = said.stdout.split()
    return float(seconds), float(peak)


async def load(url: str, file: Path) -> float:
    """Refresh once; how many seconds that took."""
    engine, clock = make_engine(url), SystemClock()
    tables = [vrp_snapshots, current_vrp_snapshot, vrps]
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all, tables=tables)
    source = VrpFile(file, frozenset(ANCHORS))
    policy = GatePolicy(newer=False, floor=1)
    refresh = RefreshRoas(source, JsonVrps(), VrpSnapshots(engine), policy, clock)
    started = time.perf_counter()
    result = await refresh()
    seconds = time.perf_counter() - started
    assert isinstance(result, RoasAccepted), result
    await engine.dispose()
    return seconds


def peak_megabytes() -> float:
    # Not getrusage: that counts the parent's pages from before the exec as well.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def raw_load(url: str, file: Path) -> float:
    roas = json.loads(file.read_text())["roas"]
    fields = ("prefix", "maxLength", "asn", "ta", "expires")
    lines = "".join("\t".join(str(roa[name]) for name in fields) + "\n" for roa in roas)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists bare")
        started = time.perf_counter()
        with connection.transaction():
            connection.execute(
                "create table bare (prefix cidr, max_length smallint, asn bigint, anchor text, "
                "expires bigint)"
            )
            with connection.cursor().copy("copy bare from stdin (freeze)") as copy:
                copy.write(lines)
            connection.execute("create index on bare using spgist (prefix inet_ops)")
        seconds = time.perf_counter() - started
        connection.execute("analyze bare")
    return seconds


def write_export(file: Path, count: int) -> list[str]:
    """Write an export, sorted as rpki-client sorts it; return prefixes to look up."""
    dice = random.Random(6811)  # noqa: S311 - the same VRPs in every run
    networks = sorted(
        (random_network(dice) for _ in range(count)),
        key=lambda one: (one.version, int(one.network_address), one.prefixlen),
    )
    built = f"{SystemClock().now():%Y-%m-%dT%H:%M:%SZ}"
    with file.open("w") as stream:
        stream.write(f'{{"metadata": {{"buildtime": "{built}"}},\n"roas": [\n')
        stream.writelines(entries(networks, dice))
        stream.write("\n]}\n")
    return [str(one) for one in dice.sample(networks, min(LOOKUPS, count))]


def entries(networks: Sequence[IPv4Network | IPv6Network], dice: random.Random) -> Iterator[str]:
    expires = int(time.time()) + 40_000
    for number, network in enumerate(networks):
        entry = {
            "asn": dice.randrange(1, 400_000),
            "prefix": str(network),
            "maxLength": max(network.prefixlen, 24 if network.version == 4 else 48),
            "ta": dice.choice(ANCHORS),
            "expires": expires + dice.randrange(100_000),
        }
        yield (",\n" if number else "") + json.dumps(entry)


def random_network(dice: random.Random) -> IPv4Network | IPv6Network:
    if dice.random() < IPV4_SHARE:
        (length,) = dice.choices(list(IPV4), list(IPV4.values()))
        first = dice.randrange(1 << 24, 224 << 24)
        return IPv4Network((first >> (32 - length) << (32 - length), length))
    (length,) = dice.choices(list(IPV6), list(IPV6.values()))
    first = 1 << 125 | dice.randrange(1 << 120)
    return IPv6Network((first >> (128 - length) << (128 - length), length))


if __name__ == "__main__":
    print(asyncio.run(load(sys.argv[1], Path(sys.argv[2]))), peak_megabytes())
