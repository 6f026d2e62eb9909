"""The sandbox's ROA data: each change is loaded as a snapshot before the call returns."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import StrEnum

from byoip.domain.asn import Asn
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix
from byoip.sandbox.control import AspaRow, VrpRow
from byoip.sandbox.vrp_source import ListedVrps

_TOO_OLD = timedelta(hours=25)


class RpkiFault(StrEnum):
    """How the sandbox's relying party can misbehave."""

    STALE = "stale"  # its data is more than a day old: rpki stays unanswered
    EMPTY = "empty"  # it knows no ROA at all
    TIMEOUT = "timeout"  # it never ends; the last snapshot stays
    GARBAGE = "garbage"  # it writes what cannot be read; the last snapshot stays


class SandboxRoas:
    """Puts lists of VRPs through the same refresh as a relying party's exports."""

    def __init__(self, source: ListedVrps, refresh: Callable[[], Awaitable[object]]) -> None:
        self._source = source
        self._refresh = refresh
        self._rows: list[VrpRow] = []
        self._aspas: list[AspaRow] = []
        self._fault: RpkiFault | None = None

    @property
    def rows(self) -> list[VrpRow]:
        """The set as it was put."""
        return self._rows

    @property
    def fault(self) -> RpkiFault | None:
        """How it misbehaves at present."""
        return self._fault

    async def put(self, rows: list[VrpRow]) -> None:
        """Replace the set, and load it.

        Raises:
            ValueError: a row that cannot be a VRP; nothing has changed.
        """
        vrps = [_vrp(row) for row in rows]
        self._rows = rows
        self._source.put(vrps)
        await self._load()

    @property
    def aspas(self) -> list[AspaRow]:
        """The ASPAs as they were put."""
        return self._aspas

    async def put_aspas(self, rows: list[AspaRow]) -> None:
        """Replace the ASPAs, and load them with the set."""
        self._aspas = rows
        await self._load()

    async def set_fault(self, kind: str) -> None:
        """Misbehave until `clear_fault`.

        Raises:
            ValueError: an unknown kind.
        """
        self._fault = RpkiFault(kind)
        await self._load()

    async def clear_fault(self) -> None:
        """Behave again."""
        self._fault = None
        await self._load()

    async def _load(self) -> None:
        fault, source = self._fault, self._source
        source.age = _TOO_OLD if fault is RpkiFault.STALE else timedelta(0)
        failing = fault in {RpkiFault.TIMEOUT, RpkiFault.GARBAGE}
        source.fault = f"the sandbox was told to fail: {fault}" if failing else None
        empty = fault is RpkiFault.EMPTY
        source.put([] if empty else [_vrp(row) for row in self._rows])
        source.aspas = tuple(one.model_dump() for one in self._aspas)
        await self._refresh()


def _vrp(row: VrpRow) -> Vrp:
    try:
        prefix = Prefix.parse(row.prefix)
    except Refusal as refusal:
        raise ValueError(refusal.message) from None
    if not prefix.length <= row.maxLength <= prefix.network.max_prefixlen:
        raise ValueError(f"maxLength {row.maxLength} does not fit {prefix}")
    return Vrp(prefix, row.maxLength, Asn(row.asn), row.ta)
