"""Validated ROA payloads: asked about a prefix, and fetched as exports."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias

from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.prefix import Prefix


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """Which snapshot an answer comes from."""

    number: int
    source: str
    built_at: datetime


@dataclass(frozen=True, slots=True)
class Vrps:
    """What the newest accepted snapshot holds about a prefix.

    Attributes:
        covering: VRPs whose prefix contains it, or equals it; expired ones included.
        inside: VRPs for parts of it, at most 100: other networks that may live there.
    """

    snapshot: SnapshotFacts
    covering: tuple[Vrp, ...]
    inside: tuple[Vrp, ...]


@dataclass(frozen=True, slots=True)
class NoVrps:
    """Nothing to judge by.

    No snapshot at all (Fault.NO_DATA), one older than 24 hours (Fault.STALE), or more VRPs that
    cover the prefix than are read (Fault.TOO_LARGE).
    """

    fault: Fault
    detail: str


VrpAnswer: TypeAlias = Vrps | NoVrps


class RoaData(Protocol):
    """What do validated ROA payloads say about a prefix?"""

    async def about(self, prefix: Prefix) -> VrpAnswer:
        """Read the newest accepted snapshot."""
        ...


@dataclass(frozen=True, slots=True)
class VrpExport:
    """A relying party's export, fetched and not yet believed.

    Attributes:
        file: JSON as rpki-client writes it (`roas`, `metadata`).
        source: for people: `rpki-client 9.7`, an URL, a path.
        anchors: names of the trust anchors that were configured; others are dropped.
    """

    file: Path
    source: str
    anchors: frozenset[str]


@dataclass(frozen=True, slots=True)
class NoExport:
    """Nothing to load: the program failed, or the other side did."""

    why: str


class VrpSource(Protocol):
    """Where exports of validated ROA payloads come from."""

    async def fetch(self) -> VrpExport | NoExport:
        """Produce a new export; may take as long as a validation run does."""
        ...
