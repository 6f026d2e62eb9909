"""What refreshing foreign data needs: exports that are read, and marks of files that are not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from byoip.domain.foreign_text import brief
from byoip.ports.checks.rpki import VrpExport


class MalformedExport(Exception):  # noqa: N818 - it says what the export is
    """The export cannot be read as a whole, so none of it is believed."""

    def __init__(self, said: str) -> None:
        super().__init__(brief(said))


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


@dataclass(slots=True)
class LeftOut:
    """What has been left out of the batches that were read so far.

    Attributes:
        unreadable: entries that make no sense.
        other_anchors: names of trust anchors that are not configured, as far as they are kept.
    """

    unreadable: int = 0
    other_anchors: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class AspaRow:
    """The ASPAs of one customer, together.

    Attributes:
        providers: None: one of them cannot be read.
        expires: seconds since the epoch; None where the source does not say.
    """

    customer: int
    providers: tuple[int, ...] | None
    expires: int | None


@dataclass(frozen=True, slots=True)
class AspaEntries:
    """The ASPAs of an export, one row a customer.

    Attributes:
        fault: why the export says of no customer that it has none; then there are no rows.
    """

    rows: tuple[AspaRow, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class VrpDocument:
    """An export, opened.

    Attributes:
        built_at: when the relying party made it, in its own words; aware.
        sha256: of the file, hex.
        batches: the entries of configured trust anchors, to be read once; reading raises
            MalformedExport at the end where too many entries make no sense.
        left_out: complete once the batches are read.
        aspas: read already.
    """

    built_at: datetime
    sha256: str
    batches: Iterable[Sequence[VrpRow]]
    left_out: LeftOut = field(default_factory=LeftOut)
    aspas: AspaEntries = AspaEntries((), "the export has no aspas")


class VrpReader(Protocol):
    """How an export is read."""

    def open(self, export: VrpExport) -> VrpDocument:
        """Read the frame; the entries follow in batches.

        Raises:
            MalformedExport: too large, not the format, or without a build time.
        """
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
