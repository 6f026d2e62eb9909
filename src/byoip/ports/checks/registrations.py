"""The registries' statistics: who holds which space."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.registry import Allocation


@dataclass(frozen=True, slots=True)
class StatisticsFile:
    """One registry's delegated-extended statistics file, parsed.

    Attributes:
        registry: afrinic, apnic, arin, lacnic or ripencc.
        serial: of the file, from its version line.
        sha256: of the bytes, hex.
        asns: the rows of AS numbers; None: they cannot be used, and the prefixes can.
    """

    registry: str
    serial: str
    sha256: str
    fetched_at: datetime
    allocations: Sequence[Allocation]
    asns: Sequence[AsnRange] | None = None


@dataclass(frozen=True, slots=True)
class NoStatistics:
    """Unchanged since the last fetch, or not to be had (then `fault` says why)."""

    registry: str
    fault: str | None


class StatisticsSource(Protocol):
    """Where delegated-extended statistics files come from."""

    def fetch(self) -> AsyncIterator[StatisticsFile | NoStatistics]:
        """Fetch what has changed, each file when it is asked for; one entry for each registry."""
        ...
