"""Trust, 3.1: a registry's statistics are held against the best file of a week, as ROA data is."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.snapshots import SnapshotAcceptance
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations
from tests.fakes.rpki import StoppedClock
from tests.usecases.test_refresh_registrations import Source, file

SIX_HOURS = timedelta(hours=6)
BEST = 64


class Registry:
    """One that publishes a file every six hours."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.clock = StoppedClock()
        self.snapshots = RegistrationSnapshots(engine)

    async def publishes(self, ranges: int) -> str | None:
        """Why the file is not believed."""
        self.clock.at += SIX_HOURS
        made = file("apnic", ranges)
        source = Source([type(made)("apnic", "1", "0" * 64, self.clock.at, made.allocations)])
        [taken] = await RefreshRegistrations(source, self.snapshots, self.clock)()
        return taken.fault

    async def is_accepted(self) -> None:
        word = SnapshotAcceptance("operator:1", "APNIC confirmed it.", self.clock.at)
        async with self.snapshots.exclusive() as tx:
            await tx.accept("apnic", word)


async def test_3_1_a_file_that_loses_a_third_again_and_again_is_refused_at_half(
    engine: AsyncEngine,
) -> None:
    apnic = Registry(engine)
    said = [await apnic.publishes(ranges) for ranges in (BEST, 43, 29, 20, 13)]
    assert said == [
        None,
        None,
        *(f"{few} prefixes, 64 at best within a week" for few in (29, 20, 13)),
    ]


async def test_3_1_a_week_later_the_one_in_use_is_the_measure(engine: AsyncEngine) -> None:
    apnic = Registry(engine)
    await apnic.publishes(BEST)
    await apnic.publishes(40)
    apnic.clock.at += timedelta(days=8)
    assert await apnic.publishes(19) is not None, "however old, it counts"
    assert await apnic.publishes(21) is None


async def test_3_1_what_an_operator_accepts_is_the_measure_from_then_on(
    engine: AsyncEngine,
) -> None:
    apnic = Registry(engine)
    await apnic.publishes(BEST)
    assert await apnic.publishes(20) is not None
    await apnic.is_accepted()
    assert await apnic.publishes(9) == "9 prefixes, 20 at best within a week"
    assert await apnic.publishes(18) is None
    assert await apnic.publishes(9) is not None, "20 is the best since"
    assert await apnic.publishes(50) is None
    assert await apnic.publishes(20) is not None, "50 is"
