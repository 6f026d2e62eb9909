"""Twins of where ROA data comes from, and a clock that stands still."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import NoExport, NoVrps, SnapshotFacts, VrpAnswer, VrpExport, Vrps

ANCHORS = frozenset({"apnic", "ripe"})
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class StoppedClock:
    """Shows what it was set to."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at


def entry(prefix: str, asn: int | str, max_length: int, ta: str = "ripe") -> dict[str, object]:
    """One entry as rpki-client writes it."""
    return {"asn": asn, "prefix": prefix, "maxLength": max_length, "ta": ta, "expires": 1900000000}


def entries(count: int, ta: str) -> list[dict[str, object]]:
    """Some entries of one trust anchor."""
    return [entry(f"10.{n // 256}.{n % 256}.0/24", 64500, 24, ta) for n in range(count)]


def export_text(roas: Iterable[Mapping[str, object]], built_at: datetime = NOON) -> str:
    """An export as rpki-client writes it."""
    metadata = {"buildmachine": "here", "buildtime": f"{built_at:%Y-%m-%dT%H:%M:%SZ}"}
    return json.dumps({"metadata": metadata, "roas": list(roas)})


@dataclass(slots=True)
class FakeVrpSource:
    """Offers what it was told to, in a file, as every real source does."""

    directory: Path
    offer: str | NoExport = field(default_factory=lambda: export_text([]))
    anchors: frozenset[str] = ANCHORS

    async def fetch(self) -> VrpExport | NoExport:
        if isinstance(self.offer, NoExport):
            return self.offer
        file = self.directory / "fake.json"
        file.write_text(self.offer)
        return VrpExport(file, "a twin", self.anchors)


@dataclass(slots=True)
class FakeRoaData:
    """ROA data in memory; set `fault` for the ends that are no answer."""

    vrps: Sequence[Vrp] = ()
    fault: NoVrps | None = None
    snapshot: SnapshotFacts = field(default=SnapshotFacts(1, "a twin", NOON))

    async def about(self, prefix: Prefix) -> VrpAnswer:
        if self.fault is not None:
            return self.fault
        covering = tuple(vrp for vrp in self.vrps if vrp.covers(prefix))
        inside = [vrp for vrp in self.vrps if prefix.covers(vrp.prefix) and not vrp.covers(prefix)]
        return Vrps(self.snapshot, covering, tuple(inside[:100]))
