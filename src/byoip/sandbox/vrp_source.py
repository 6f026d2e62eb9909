"""A source of VRPs that exports a given list as rpki-client does."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from byoip.domain.checks.origin_validation import Vrp
from byoip.ports.checks.rpki import NoExport, VrpExport
from byoip.ports.clock import Clock

ANCHORS = frozenset({"afrinic", "apnic", "arin", "lacnic", "ripe"})


@dataclass(slots=True)
class ListedVrps:
    """A simulated relying party: it exports the list it was last given.

    The build time is the present, minus `age` (for data that has become stale).

    Attributes:
        directory: where the export is written.
        aspas: entries as rpki-client writes them.
    """

    directory: Path
    clock: Clock
    vrps: tuple[Vrp, ...] = ()
    aspas: Sequence[Mapping[str, object]] = ()
    age: timedelta = timedelta(0)
    fault: str | None = None

    def put(self, vrps: Iterable[Vrp]) -> None:
        """Replace the whole list."""
        self.vrps = tuple(vrps)

    async def fetch(self) -> VrpExport | NoExport:
        """Write the list as rpki-client would; with `fault` set, fail with that text."""
        if self.fault is not None:
            return NoExport(self.fault)
        built_at = self.clock.now() - self.age
        document = {
            "metadata": {"buildtime": built_at.isoformat(), "vrps": len(self.vrps)},
            "roas": [_entry(vrp) for vrp in self.vrps],
            "aspas": list(self.aspas),
        }
        file = self.directory / "vrps.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        anchors = ANCHORS | {vrp.anchor for vrp in self.vrps}
        return VrpExport(file, "the sandbox's list", anchors)


def _entry(vrp: Vrp) -> dict[str, object]:
    entry: dict[str, object] = {
        "asn": vrp.asn.number,
        "prefix": str(vrp.prefix),
        "maxLength": vrp.max_length,
        "ta": vrp.anchor,
    }
    if vrp.expires_at is not None:
        entry["expires"] = int(vrp.expires_at.timestamp())
    return entry
