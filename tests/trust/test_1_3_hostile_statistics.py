"""Trust, 1.3: a statistics file costs no more than its bytes, whatever its lines are."""

import gc
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from itertools import chain, repeat

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks import delegated_statistics
from byoip.adapters.checks.delegated_statistics import read_statistics
from byoip.domain.checks import delegated_statistics as statistics
from byoip.domain.checks.delegated_statistics import REGISTRIES
from byoip.domain.checks.registry import Allocation
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import NoStatistics, StatisticsFile
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations
from tests.fakes.rpki import NOON, StoppedClock

VERSION = "2|arin|20261102|1|19700101|20261102|+0000\n"


@pytest.mark.parametrize("line", ["\n", "# more\n", "arin|US|asn|1|1|20260101|assigned|x\n"])
def test_lines_that_say_nothing_are_read_up_to_a_bound(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(statistics, "MOST_LINES", 1000)
    read = 0

    def lines() -> Iterator[str]:
        nonlocal read
        for one in chain([VERSION], repeat(line, 100_000)):
            read += 1
            yield one

    statistics.parse_statistics(lines(), "arin")
    assert read == 1000


def test_a_line_of_many_fields_is_not_taken_apart() -> None:
    line = "|" * 10_000_000
    tracemalloc.start()
    try:
        found = statistics.parse_statistics([VERSION, line], "arin")
        assert isinstance(found, statistics.UnreadableStatistics)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def many(ranges: int) -> bytes:
    rows = [f"arin|US|ipv4|1.{n >> 8}.{n & 255}.0|256|20260101|assigned|x" for n in range(ranges)]
    return "\n".join([VERSION.strip(), *rows, ""]).encode()


async def test_its_ranges_are_not_what_the_garbage_collector_looks_at() -> None:
    """A million of them would stop all that the process does for half a second, each time."""
    file = await read_statistics("arin", many(1000), StoppedClock())
    assert isinstance(file, StatisticsFile)
    gc.collect()
    ranges = file.allocations._ranges  # type: ignore[attr-defined]  # as they are kept
    assert len(ranges) == 1000
    assert not any(map(gc.is_tracked, ranges))


async def test_all_that_takes_time_is_done_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def noted(content: bytes) -> object:
        threads.append(threading.current_thread())
        return sha256(content)

    monkeypatch.setattr(delegated_statistics, "sha256", noted)
    await read_statistics("arin", many(10), StoppedClock())
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


class Rows(list[Allocation]):
    """Knows when it is gone."""

    alive = most = 0

    def __init__(self) -> None:
        super().__init__([Allocation(Prefix.parse("10.0.0.0/24"), "arin", "allocated", "x")])
        Rows.alive += 1
        Rows.most = max(Rows.most, Rows.alive)

    def __del__(self) -> None:
        Rows.alive -= 1


async def test_of_five_files_two_are_held_at_most(engine: AsyncEngine) -> None:
    class Files:
        async def fetch(self) -> AsyncIterator[StatisticsFile | NoStatistics]:
            for registry in sorted(REGISTRIES):
                yield StatisticsFile(registry, "1", "0" * 64, NOON, Rows())

    refreshing = RefreshRegistrations(Files(), RegistrationSnapshots(engine), StoppedClock())
    assert [one.fault for one in await refreshing()] == [None] * 5
    assert (Rows.most, Rows.alive) == (2, 0)
