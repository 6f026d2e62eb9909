"""What refreshing outside data needs: exports read, snapshots kept, and who is believed when."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from byoip.domain.checks.vrp_snapshot import Objection, Tally
from byoip.ports.checks.registrations import StatisticsFile
from byoip.ports.checks.rpki import VrpExport


class MalformedExport(Exception):  # noqa: N818 - it says what the export is
    """The export cannot be read as a whole, so none of it is believed."""


class VrpRow(Protocol):
    """One entry of an export, in primitive types.

    An export has close to a million: as domain values they would take a gigabyte.
    """

    @property
    def prefix(self) -> str:
        """Address and length; host bits are for the store to refuse."""
        ...

    @property
    def max_length(self) -> int:
        """As the ROA says; its relation to the prefix is for the store to check."""
        ...

    @property
    def asn(self) -> int:
        """0 to 2^32 - 1."""
        ...

    @property
    def anchor(self) -> str:
        """Name of the trust anchor."""
        ...

    @property
    def expires(self) -> int | None:
        """Seconds since the epoch; None where the source does not say."""
        ...


@dataclass(frozen=True, slots=True)
class VrpDocument:
    """An export, opened.

    Attributes:
        built_at: when the relying party made it, in its own words; aware.
        sha256: of the file, hex.
        batches: the entries of configured trust anchors, to be read once; reading raises
            MalformedExport where an entry makes no sense.
    """

    built_at: datetime
    sha256: str
    batches: Iterable[Sequence[VrpRow]]


class VrpReader(Protocol):
    """How an export is read."""

    def open(self, export: VrpExport) -> VrpDocument:
        """Read the frame; the entries follow in batches.

        Raises:
            MalformedExport: too large, not the format, or without a build time.
        """
        ...


@dataclass(frozen=True, slots=True)
class VrpSnapshot:
    """One numbered snapshot, accepted or refused.

    Attributes:
        tally: None when nothing could be loaded.
        kept: whether its entries are still there, so that it may be accepted.
    """

    number: int
    accepted: bool
    attempted_at: datetime
    source: str | None
    tally: Tally | None
    objections: tuple[Objection, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An operator's word that a refused snapshot is right after all."""

    by: str
    reason: str
    at: datetime


class VrpSnapshotRepository(Protocol):
    """Snapshots, open for writing by us alone; all of it happens, or nothing."""

    async def current(self) -> VrpSnapshot | None:
        """The last good one."""
        ...

    async def find(self, number: int) -> VrpSnapshot | None:
        """One by its number."""
        ...

    async def load(self, document: VrpDocument, *, source: str, at: datetime) -> VrpSnapshot:
        """Load all entries as a new snapshot, refused until it is accepted.

        Raises:
            MalformedExport: an entry makes no sense; then nothing is loaded.
        """
        ...

    async def refuse(self, number: int, objections: Sequence[Objection]) -> None:
        """Say why a loaded snapshot stays refused."""
        ...

    async def accept(self, number: int, acceptance: Acceptance | None = None) -> None:
        """Make a loaded snapshot the current one; by an operator, where `acceptance` is given."""
        ...

    async def record_failure(
        self, objection: Objection, *, source: str | None, at: datetime
    ) -> VrpSnapshot:
        """Keep on record that there was nothing to load."""
        ...


class VrpSnapshotStore(Protocol):
    """Where snapshots are kept."""

    def exclusive(self) -> AbstractAsyncContextManager[VrpSnapshotRepository]:
        """Write; whoever else writes waits. Leaving without an exception commits."""
        ...

    async def prune(self) -> None:
        """Drop entries that nobody reads any more; what is in use is left for the next time."""
        ...


@dataclass(frozen=True, slots=True)
class RoaStatus:
    """How fresh ROA data is, for metrics and operators.

    Attributes:
        current: the snapshot in use.
        latest: the newest attempt; refused where it is not `current`.
        refused_since: attempts refused since the current one was made.
    """

    current: VrpSnapshot | None
    latest: VrpSnapshot | None
    refused_since: int


class RoaStatusReader(Protocol):
    """How is the supply of ROA data?"""

    async def status(self) -> RoaStatus:
        """Read it from the tables: the same answer in every process."""
        ...


@dataclass(frozen=True, slots=True)
class RegistrationStatus:
    """One registry's statistics.

    Attributes:
        serial: of the file in use; None before the first.
        loaded_at: when that file was fetched.
        ranges: how many prefixes it holds.
        fault: why the newest attempt failed; None when it did not.
        refused: prefixes of the newest file, where it was refused for having too few.
        acceptance: an operator's word that it is right all the same; the next file is then
            measured by it.
    """

    registry: str
    serial: str | None
    loaded_at: datetime | None
    ranges: int
    fault: str | None
    refused: int | None = None
    acceptance: Acceptance | None = None


class RegistrationStatusReader(Protocol):
    """How is the supply of registration statistics?"""

    async def status(self) -> Sequence[RegistrationStatus]:
        """One entry for each registry ever tried."""
        ...


class RegistrationSnapshotRepository(Protocol):
    """One registry's snapshot, open for writing by us alone."""

    async def ranges(self, registry: str) -> int | None:
        """Size of its last good snapshot, or of a newer file that an operator has accepted."""
        ...

    async def status(self, registry: str) -> RegistrationStatus | None:
        """How it stands; None for a registry that was never tried."""
        ...

    async def accept(self, registry: str, acceptance: Acceptance) -> None:
        """Keep an operator's word about its newest file."""
        ...

    async def replace(self, file: StatisticsFile) -> int:
        """Load a file as the registry's snapshot, make it current and return its number."""
        ...

    async def record_failure(
        self, registry: str, fault: str, *, at: datetime, refused: int = 0
    ) -> None:
        """Keep on record that its last good snapshot stays; `refused`: size of a whole file."""
        ...


class RegistrationStore(Protocol):
    """Where registration statistics are kept."""

    def exclusive(self) -> AbstractAsyncContextManager[RegistrationSnapshotRepository]:
        """Write; whoever else writes waits. Leaving without an exception commits."""
        ...

    async def prune(self) -> None:
        """Drop what nobody reads any more."""
        ...


@dataclass(frozen=True, slots=True)
class FetchMark:
    """What a web server said about a file, to ask next time only for a newer one (RFC 9110, 13).

    Attributes:
        sha256: of the content it came with: a mark counts only while that content is in use.
    """

    etag: str | None
    last_modified: str | None
    sha256: str


class FetchMarks(Protocol):
    """Which files of the web have we loaded?"""

    async def mark_of(self, url: str) -> FetchMark | None:
        """The mark of a file whose content is in use; None otherwise: then fetch it whole."""
        ...

    async def remember_mark(self, url: str, mark: FetchMark) -> None:
        """Keep the mark of a file just fetched."""
        ...
