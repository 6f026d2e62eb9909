from collections.abc import Sequence
from dataclasses import dataclass

from byoip.domain.checks.delegated_statistics import too_few
from byoip.ports.checks.registrations import NoStatistics, StatisticsFile, StatisticsSource
from byoip.ports.clock import Clock
from byoip.store.checks.registration_snapshots import RegistrationSnapshots


@dataclass(frozen=True, slots=True)
class RegistryRefreshed:
    """How it went with one registry.

    Attributes:
        number: of its new snapshot; None where the last good one stays in use.
        fault: why it stays; None when the registry has nothing new.
    """

    registry: str
    number: int | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class RefreshRegistrations:
    """Take the registries' new statistics files, each on its own.

    A registry whose file cannot be had, or is not believed, keeps its last good snapshot.
    """

    source: StatisticsSource
    registrations: RegistrationSnapshots
    clock: Clock

    async def __call__(self) -> Sequence[RegistryRefreshed]:
        """Fetch all, then load one by one; nothing is locked while we fetch."""
        files = await self.source.fetch()
        refreshed = [await self._take(file) for file in files]
        await self.registrations.prune()
        return refreshed

    async def _take(self, file: StatisticsFile | NoStatistics) -> RegistryRefreshed:
        registry = file.registry
        refused = 0
        async with self.registrations.exclusive() as tx:
            if isinstance(file, StatisticsFile):
                refused = len(file.delegations)
                fault = too_few(refused, await tx.ranges(registry))
                if fault is None:
                    return RegistryRefreshed(registry, await tx.replace(file), None)
            else:
                fault = file.fault
            if fault is not None:
                now = self.clock.now()
                await tx.record_failure(registry, fault, at=now, refused=refused)
        return RegistryRefreshed(registry, None, fault)
