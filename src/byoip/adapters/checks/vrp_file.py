"""Exports of validated ROA payloads from a file."""

from dataclasses import dataclass
from pathlib import Path

from byoip.ports.checks.rpki import NoExport, VrpExport


@dataclass(frozen=True, slots=True)
class VrpFile:
    """An export that something else leaves in a file, to be replaced by rename.

    Attributes:
        anchors: names of the trust anchors that the relying party is configured with.
    """

    path: Path
    anchors: frozenset[str]

    async def fetch(self) -> VrpExport | NoExport:
        """Look whether it is there; the gates find out whether it is new."""
        if not self.path.is_file():
            return NoExport(f"there is no file {self.path}")
        return VrpExport(self.path, str(self.path), self.anchors)
