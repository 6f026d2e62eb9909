"""The sandbox's delegated-extended statistics: the documentation ranges, shared out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import attrgetter

from byoip.domain.checks.sandbox_shares import sandbox_allocations, sandbox_asns
from byoip.ports.checks.registrations import StatisticsFile
from byoip.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class SandboxStatistics:
    """One file for each registry, always the same."""

    clock: Clock

    async def fetch(self) -> AsyncIterator[StatisticsFile]:
        """Give all five."""
        by_registry = attrgetter("registry")
        shares = sorted(sandbox_allocations(), key=by_registry)
        for registry, allocations in groupby(shares, by_registry):
            yield StatisticsFile(
                registry=registry,
                serial="sandbox",
                sha256=sha256(f"sandbox {registry}".encode()).hexdigest(),
                fetched_at=self.clock.now(),
                allocations=tuple(allocations),
                asns=sandbox_asns(registry),
            )
