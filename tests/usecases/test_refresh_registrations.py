from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.registry import Allocation
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import NoStatistics, StatisticsFile
from byoip.store.checks.registration_snapshots import RegistrationRepository, RegistrationSnapshots
from byoip.store.checks.snapshots import SnapshotAcceptance
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations, RegistryRefreshed
from tests.fakes.rpki import NOON, StoppedClock


def file(registry: str, ranges: int) -> StatisticsFile:
    allocations = [
        Allocation(Prefix.parse(f"10.0.{n}.0/24"), registry, "allocated", "a")
        for n in range(ranges)
    ]
    return StatisticsFile(registry, "1", "0" * 64, NOON, allocations)


@dataclass
class Source:
    files: Sequence[StatisticsFile | NoStatistics] = ()

    async def fetch(self) -> AsyncIterator[StatisticsFile | NoStatistics]:
        for one in self.files:
            yield one


async def refresh(
    engine: AsyncEngine, *files: StatisticsFile | NoStatistics
) -> Sequence[RegistryRefreshed]:
    return await RefreshRegistrations(
        Source(files), RegistrationSnapshots(engine), StoppedClock()
    )()


async def known(engine: AsyncEngine, registry: str) -> int:
    async with engine.connect() as connection:
        tx = RegistrationRepository(connection, frozenset({registry}))
        found = await tx.overlapping(Prefix.parse("10.0.0.0/16"))
    return sum(one.registry == registry for one in found.allocations)


async def test_each_registry_is_taken_on_its_own(engine: AsyncEngine) -> None:
    results = await refresh(
        engine, file("apnic", 3), NoStatistics("arin", "too slow"), file("ripencc", 4)
    )
    assert results == [
        RegistryRefreshed("apnic", 1, None),
        RegistryRefreshed("arin", None, "too slow"),
        RegistryRefreshed("ripencc", 3, None),
    ]
    assert [await known(engine, one) for one in ("apnic", "arin", "ripencc")] == [3, 0, 4]


async def test_a_file_that_shrank_by_half_is_not_believed(engine: AsyncEngine) -> None:
    await refresh(engine, file("apnic", 10))
    (result,) = await refresh(engine, file("apnic", 4))
    assert result == RegistryRefreshed("apnic", None, "4 prefixes, 10 at best within a week")
    assert await known(engine, "apnic") == 10
    (result,) = await refresh(engine, file("apnic", 5))
    assert result.fault is None
    assert await known(engine, "apnic") == 5


async def test_an_unchanged_file_is_no_event(engine: AsyncEngine) -> None:
    await refresh(engine, file("apnic", 10))
    assert await refresh(engine, NoStatistics("apnic", None)) == [
        RegistryRefreshed("apnic", None, None)
    ]
    (status,) = await RegistrationSnapshots(engine).status()
    assert (status.ranges, status.fault) == (10, None)


async def test_an_accepted_size_is_what_the_next_file_is_measured_by(engine: AsyncEngine) -> None:
    await refresh(engine, file("apnic", 10))
    [refused] = await refresh(engine, file("apnic", 2))
    assert refused.number is None
    registrations = RegistrationSnapshots(engine)
    async with registrations.exclusive() as tx:
        await tx.accept("apnic", SnapshotAcceptance("operator:1", "APNIC confirmed it.", NOON))
    assert await known(engine, "apnic") == 10  # until the next file is here
    [taken] = await refresh(engine, file("apnic", 2))
    assert taken.fault is None
    assert await known(engine, "apnic") == 2
    [refused] = await refresh(engine, file("apnic", 0))
    assert refused.number is None
