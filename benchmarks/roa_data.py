"""800,000 VRPs: from a JSON file to queryable, and the lookup (see vrps.py)."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg
from benchmarks import vrps
from benchmarks.databases import Server, database
from benchmarks.figures import Figure, Tell

_SECONDS, _MEGABYTES, _MILLISECONDS, _TIMES = 4.0, 350.0, 0.5, 1.1


@dataclass(frozen=True, slots=True)
class _Sizes:
    vrps: int = 800_000
    loads: int = 3


_QUICK = _Sizes(vrps=1000, loads=1)


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """Load three times, each in a process of its own, and look prefixes up."""
    sizes = _QUICK if quick else _Sizes()
    with database(on, "production") as url:
        file = on.directory / "vrps.json"
        asked = vrps.write_export(file, sizes.vrps)
        _load(url, file, sizes, tell)
        with psycopg.connect(url, autocommit=True) as connection:
            queries = (vrps.ours(connection), vrps.BARE)
            vrps.in_turn(connection, queries, asked[:300])
            statement, bare = vrps.in_turn(connection, queries, asked)
        tell(_lookup(asyncio.run(vrps.look_up(url, asked)), bare))
        tell(_statement(statement, bare))


def _load(url: str, file: Path, sizes: _Sizes, tell: Tell) -> None:
    rounds = [
        (vrps.raw_load(url, file), *vrps.load_in_a_process(url, file)) for _ in range(sizes.loads)
    ]
    ceiling, seconds = (median(one[place] for one in rounds) for place in (0, 1))
    peak = max(one[2] for one in rounds)
    tell(
        Figure(
            f"{sizes.vrps:,} VRPs, JSON file to queryable",
            f"{seconds:.1f} s",
            f"`COPY` of ready lines and an index: {ceiling:.1f} s",
            f"{ceiling / seconds:.0%}",
            f"{_SECONDS:.0f} s",
            seconds <= _SECONDS,
        )
    )
    tell(
        Figure(
            "peak memory of that process",
            f"{peak:.0f} MB",
            f"the file itself: {file.stat().st_size / 1e6:.0f} MB",
            goal=f"{_MEGABYTES:.0f} MB",
            met=peak <= _MEGABYTES,
        )
    )


def _lookup(ours: list[float], bare: list[float]) -> Figure:
    (middle, slowest), (_, bare_slowest) = map(_quantiles, (ours, bare))
    return Figure(
        "covering lookup",
        f"p50 {middle:.2f} ms, p99 {slowest:.2f} ms",
        f"bare select from one table: p99 {bare_slowest:.2f} ms",
        f"{bare_slowest / slowest:.0%}",
        f"p99 below {_MILLISECONDS} ms",
        slowest < _MILLISECONDS,
    )


def _statement(ours: list[float], bare: list[float]) -> Figure:
    ratios = zip(_quantiles(ours), _quantiles(bare), strict=True)
    middle, slowest = (one / other for one, other in ratios)
    (ours_middle, ours_slowest), (bare_middle, bare_slowest) = map(_quantiles, (ours, bare))
    return Figure(
        "its statement, on the driver",
        f"p50 {ours_middle:.3f} ms, p99 {ours_slowest:.3f} ms",
        f"bare select from one table: p50 {bare_middle:.3f} ms, p99 {bare_slowest:.3f} ms",
        f"{middle:.2f} and {slowest:.2f} times",
        f"{_TIMES} times",
        max(middle, slowest) <= _TIMES,
    )


def _quantiles(milliseconds: list[float]) -> tuple[float, float]:
    ordered = sorted(milliseconds)
    return ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
