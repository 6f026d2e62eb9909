"""The registries' statistics files from a folder that the operator fills."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path

from byoip.adapters.checks.delegated_statistics import read_statistics
from byoip.domain.checks.delegated_statistics import REGISTRIES
from byoip.ports.checks.registrations import NoStatistics, StatisticsFile
from byoip.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class StatisticsFolder:
    """The registries' files from a folder, under the names they are published with.

    Attributes:
        folder: holds `delegated-<registry>-extended-latest` for each registry.
        largest: bytes of one file.
    """

    folder: Path
    clock: Clock
    registries: Collection[str] = REGISTRIES
    largest: int = 128 * 2**20

    async def fetch(self) -> AsyncIterator[StatisticsFile | NoStatistics]:
        """Read every file, each time."""
        for registry in sorted(self.registries):
            yield await self._read(registry)

    async def _read(self, registry: str) -> StatisticsFile | NoStatistics:
        try:
            content = self._content(self.folder / f"delegated-{registry}-extended-latest")
        except OSError as fault:
            return NoStatistics(registry, str(fault))
        if len(content) > self.largest:
            return NoStatistics(registry, f"the file is larger than {self.largest} bytes")
        return await read_statistics(registry, content, self.clock)

    def _content(self, file: Path) -> bytes:
        with file.open("rb") as stream:
            return stream.read(self.largest + 1)
