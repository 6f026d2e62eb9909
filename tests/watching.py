"""Approved prefixes that are watched, as tests set it up: statistics, days, and the job."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.delegated_statistics import REGISTRIES
from byoip.domain.checks.registry import Allocation
from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.watch import Watch
from byoip.ports.checks.rdap import RegistrationData
from byoip.ports.checks.registrations import StatisticsFile
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.usecases.checks.perspectives.elsewhere import Elsewhere
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations
from byoip.usecases.checks.responsible import Registries
from byoip.usecases.watch.hear_roas import HearRoas
from byoip.usecases.watch.hear_statistics import HearStatistics
from byoip.usecases.watch.keep_proofs import KeepProofs
from byoip.usecases.watch.look import Look
from byoip.usecases.watch.watch_prefixes import WatchPrefixes
from tests.usecases.routes import valid
from tests.usecases.world import LABEL, WORKER, World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# What fills a registry's file, so that none is refused for being short.
Rows = dict[str, list[tuple[str, str, str]]]


def watch_of(
    world: World, data: RegistrationData | None = None, elsewhere: Elsewhere | None = None
) -> WatchPrefixes:
    """The job, on the world's twins."""
    store, known = world.store, Registries(world.registries, world.overrides)
    look = Look(
        store, world.registry, world.dns, LABEL, world.registries, data, elsewhere or Elsewhere()
    )
    return WatchPrefixes(
        *(store, world.clock, HearRoas(store), HearStatistics(store, known, data), look),
        KeepProofs(store, world.clock),
    )


@dataclass
class _Source:
    files: list[StatisticsFile]

    async def fetch(self) -> AsyncIterator[StatisticsFile]:
        for one in self.files:
            yield one


@dataclass
class Days:
    """A world whose statistics, ROA data and job go on by the hour.

    Attributes:
        rows: of each registry, as (prefix, status, holder).
        numbers: of ripencc, holders of AS numbers from 1000 on, one each.
        roas: what each snapshot of ROA data lists.
    """

    world: World
    rows: Rows = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    roas: list[dict[str, object]] = field(default_factory=list)
    data: RegistrationData | None = None
    elsewhere: Elsewhere | None = None
    serial: int = 0

    async def beside(self, first: Claim, many: int) -> list[Claim]:
        """Prefixes of one registry: the first, and others, approved and watched as it is."""
        made = [first]
        for place in range(1, many):
            made.append(await self.world.approved(f"31.{place}.0.0/24"))
            self.roas.append(valid(f"31.{place}.0.0/24"))
            self.rows["ripencc"].append((f"31.{place}.0.0/24", "allocated", f"holder-{place}"))
        await self.files()
        await self.snapshot()
        await self.run()
        return made

    async def files(self, *registries: str, again: bool = False) -> None:
        """New files of statistics; where none is named of all at first, then of those that list.

        With `again` they are the files of before, loaded once more.
        """
        self.serial += 0 if again else 1
        every = sorted(REGISTRIES if self.serial == 1 else self.rows)
        made = [self._file(one) for one in registries or every]
        snapshots = RegistrationSnapshots(self.world.engine)
        refreshed = await RefreshRegistrations(_Source(made), snapshots, self.world.clock)()
        assert all(one.fault is None for one in refreshed), refreshed

    def _file(self, registry: str) -> StatisticsFile:
        rows = self.rows.get(registry) or [("198.51.100.0/24", "reserved", "")]
        allocations = [
            Allocation(Prefix.parse(cidr), registry, status, holder)
            for cidr, status, holder in rows
        ]
        sha, at = f"{self.serial:064x}", self.world.clock.now()
        of_numbers = enumerate(self.numbers if registry == "ripencc" else [], 1000)
        asns = [AsnRange(one, one, registry, "assigned", holder) for one, holder in of_numbers]
        return StatisticsFile(registry, str(self.serial), sha, at, allocations, asns)

    async def snapshot(self) -> None:
        """A new snapshot of ROA data, by which all routes are judged."""
        await self.world.roas(*self.roas)
        await ReevaluateClaims(self.world.store, self.world.clock)(by=WORKER)

    async def run(self) -> int:
        """The job, once."""
        return await watch_of(self.world, self.data, self.elsewhere)(by=WORKER)

    async def go_on(self, time: timedelta, *, step: timedelta = HOUR, files: bool = False) -> None:
        """Time passes: a snapshot and a run with each step; with `files` statistics each day."""
        until = self.world.clock.now() + time
        day = self.world.clock.now()
        while self.world.clock.now() < until:
            self.world.clock.advance(step)
            if files and self.world.clock.now() - day >= DAY:
                day = self.world.clock.now()
                await self.files()
            await self.snapshot()
            await self.run()

    async def watches(self, claim: Claim) -> dict[Signal, Watch]:
        async with self.world.store.transaction() as tx:
            return dict(await tx.watches.of(claim.id))

    async def level(self, claim: Claim, signal: Signal) -> Level:
        return (await self.watches(claim)).get(signal, Watch(signal)).level

    async def frozen_for(self, claim: Claim) -> set[Signal]:
        return set((await self.world.now(claim)).frozen_for)


def spare(many: int, *, holder: str = "spare") -> list[tuple[str, str, str]]:
    """Rows of other holders."""
    places = [f"45.{one // 256}.{one % 256}.0/24" for one in range(many)]
    return [(cidr, "allocated", f"{holder}-{one}") for one, cidr in enumerate(places)]
