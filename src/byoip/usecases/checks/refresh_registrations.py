"""The worker takes the registries' new statistics files, each on its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from byoip.domain.checks.delegated_statistics import MEASURED_FOR, gone_back, too_few
from byoip.ports.checks.registrations import NoStatistics, StatisticsFile, StatisticsSource
from byoip.ports.clock import Clock
from byoip.store.checks.registration_snapshots import (
    RegistrationSnapshotRepository,
    RegistrationSnapshots,
)


@dataclass(frozen=True, slots=True)
class RegistryRefreshed:
    """What became of one registry's file.

    Attributes:
        number: of its new snapshot; None where the last good one stays in use.
        fault: why that one stays; None if the registry has nothing new.
    """

    registry: str
    number: int | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class RefreshRegistrations:
    """Take new statistics files.

    A registry whose file cannot be fetched, has too few entries, or is older than the one in use,
    keeps its last good snapshot.
    """

    source: StatisticsSource
    registrations: RegistrationSnapshots
    clock: Clock

    async def __call__(self) -> Sequence[RegistryRefreshed]:
        """Fetch and load one by one; no lock is held while they are fetched."""
        refreshed = [await self._take(file) async for file in self.source.fetch()]
        await self.registrations.prune()
        return refreshed

    async def _used(self, tx: RegistrationSnapshotRepository, registry: str) -> str | None:
        """The serial of the file in use, unless nothing newer has come for a week."""
        used = await tx.status(registry)
        late = self.clock.now() - MEASURED_FOR
        return used.serial if used and used.loaded_at and used.loaded_at > late else None

    async def _take(self, file: StatisticsFile | NoStatistics) -> RegistryRefreshed:
        registry = file.registry
        refused = 0
        async with self.registrations.exclusive() as tx:
            if isinstance(file, StatisticsFile):
                refused = len(file.allocations)
                fault = too_few(refused, await tx.best_count(registry, self.clock.now()))
                if older := gone_back(file.serial, await self._used(tx, registry)):
                    refused, fault = 0, older
                if fault is None:
                    return RegistryRefreshed(registry, await tx.replace(file), None)
            else:
                fault = file.fault
            if fault is not None:
                now = self.clock.now()
                await tx.record_failure(registry, fault, at=now, refused=refused)
        return RegistryRefreshed(registry, None, fault)
