"""Trust, 3.1: older statistics never take the place of newer ones: they name former holders."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.statistics_folder import StatisticsFolder
from byoip.domain.checks.delegated_statistics import gone_back
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import NoStatistics, StatisticsFile
from byoip.store.checks.registration_snapshots import RegistrationRepository, RegistrationSnapshots
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations, RegistryRefreshed
from tests.fakes.rpki import StoppedClock

SPACE = Prefix.parse("31.1.0.0/20")


class Mirror:
    """A folder that holds a registry's newest file, or an old one."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.clock = StoppedClock()
        self.snapshots = RegistrationSnapshots(engine)
        self.folder = folder

    def holds(self, serial: str, holder: str) -> None:
        text = (
            f"2|ripencc|{serial}|1|19830705|20261121|+0100\nripencc|*|ipv4|*|1|summary\n"
            f"ripencc|NL|ipv4|31.1.0.0|4096|20261101|allocated|{holder}\n"
        )
        (self.folder / "delegated-ripencc-extended-latest").write_text(text)

    async def fetch(self) -> AsyncIterator[StatisticsFile | NoStatistics]:
        async for one in StatisticsFolder(self.folder, self.clock, ["ripencc"]).fetch():
            yield one

    async def refreshed(self) -> Sequence[RegistryRefreshed]:
        return await RefreshRegistrations(self, self.snapshots, self.clock)()

    async def holder(self) -> str:
        async with self.snapshots.engine.connect() as connection:
            known = RegistrationRepository(connection, frozenset({"ripencc"}))
            [one] = (await known.overlapping(SPACE)).allocations
        return one.holder


@pytest.fixture
def mirror(engine: AsyncEngine, tmp_path: Path) -> Mirror:
    return Mirror(engine, tmp_path)


async def test_3_1_a_mirror_that_goes_back_gives_no_space_back(mirror: Mirror) -> None:
    mirror.holds("1795300000", "seller")
    await mirror.refreshed()
    mirror.holds("1795900000", "buyer")
    await mirror.refreshed()
    mirror.clock.at += timedelta(hours=6)
    mirror.holds("1795300000", "seller")

    [said] = await mirror.refreshed()
    assert await mirror.holder() == "buyer"
    assert said.fault == "its serial 1795300000 is before that of the file in use, 1795900000"
    [status] = await mirror.snapshots.status()
    assert (status.serial, status.refused) == ("1795900000", None), "there is nothing to accept"


class Stopped:
    """A worker that is stopped once it has a file; another one takes the next meanwhile."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror

    async def fetch(self) -> AsyncIterator[StatisticsFile | NoStatistics]:
        async for one in self.mirror.fetch():
            self.mirror.holds("1795900000", "buyer")
            await self.mirror.refreshed()
            yield one


async def test_3_1_a_worker_that_was_stopped_loads_no_file_of_before(mirror: Mirror) -> None:
    mirror.holds("1795300000", "seller")
    [said] = await RefreshRegistrations(Stopped(mirror), mirror.snapshots, mirror.clock)()
    assert (await mirror.holder(), said.number) == ("buyer", None)


async def test_3_1_a_registry_that_numbers_anew_is_believed_a_week_later(mirror: Mirror) -> None:
    mirror.holds("99991231", "seller")
    await mirror.refreshed()
    mirror.holds("20261122", "buyer")
    mirror.clock.at += timedelta(days=6)
    await mirror.refreshed()
    assert await mirror.holder() == "seller"
    mirror.clock.at += timedelta(days=2)
    await mirror.refreshed()
    assert await mirror.holder() == "buyer"


@pytest.mark.parametrize(
    ("serial", "used"),
    [("20261122", "20261122"), ("20261122", "1795900000"), ("1", "x"), ("-1", "10"), ("1", None)],
)
def test_3_1_of_other_forms_nothing_is_told(serial: str, used: str | None) -> None:
    assert gone_back(serial, used) is None
