"""Opens ROA exports as rpki-client, Routinator and OctoRPKI write them; names other forms."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec

from byoip.adapters.asns.aspa_entries import aspa_entries
from byoip.adapters.checks.vrp_entries import LAST_SECOND, batches
from byoip.ports.checks.rpki import VrpExport
from byoip.ports.checks.snapshots import LeftOut, MalformedExport, VrpDocument

_LARGEST = 512 * 2**20
# Today's have five million. Each may end an entry, and of an entry 70 bytes are kept, even of a 1.
_MOST_COMMAS = 25_000_000
_WANTED = (
    "needed is JSON with `metadata` and `roas`: rpki-client's json, Routinator's json, OctoRPKI's"
)

_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Seconds = Annotated[int, msgspec.Meta(ge=0, le=LAST_SECOND)]


class _Metadata(msgspec.Struct):
    buildtime: _Time | None = None  # rpki-client, StayRTR
    generated_time: _Time | None = msgspec.field(default=None, name="generatedTime")  # Routinator
    generated: _Seconds | None = None  # OctoRPKI, and Routinator as well

    def built_at(self) -> datetime | None:
        """When the relying party made the export, in its own words.

        Raises:
            OverflowError: it is no time in UTC, as one of the year 9999 in the far west.
        """
        if said := self.buildtime or self.generated_time:
            return said.astimezone(UTC)
        return None if self.generated is None else datetime.fromtimestamp(self.generated, UTC)


class _Document(msgspec.Struct):
    metadata: _Metadata
    # Kept as slices of the file: as objects, all at once, they would need 200 MB.
    roas: list[msgspec.Raw]
    # Read on its own: what is wrong there is no fault of the ROAs.
    aspas: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_read_document = msgspec.json.Decoder(_Document).decode


@dataclass(frozen=True, slots=True)
class JsonVrps:
    """Opens exports of at most `largest` bytes."""

    largest: int = _LARGEST

    def open(self, export: VrpExport) -> VrpDocument:
        """Read the file; entries of trust anchors that are not configured are dropped.

        Raises:
            MalformedExport: unreadable, too large, not this format, or without a build time.
        """
        content = self._content(export.file)
        try:
            document = _read_document(content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
            raise MalformedExport(f"{_form(content)}: {fault}; {_WANTED}") from None
        try:
            built_at = document.metadata.built_at()
        except OverflowError:  # Postgres would keep it, and could not be asked for it again
            raise MalformedExport("the time at which the export was built is none") from None
        if built_at is None:
            raise MalformedExport("the export does not say when it was built")
        left_out = LeftOut()
        entries = batches(document.roas, export.anchors, left_out)
        given = None if document.aspas is msgspec.UNSET else bytes(document.aspas)
        digest = sha256(content).hexdigest()
        return VrpDocument(built_at, digest, entries, left_out, aspa_entries(given))

    def _content(self, file: Path) -> bytes:
        try:
            with file.open("rb") as stream:
                content = stream.read(self.largest + 1)
        except OSError as fault:
            raise MalformedExport(f"the export cannot be read: {fault}") from None
        if len(content) > self.largest:
            raise MalformedExport(f"the export is larger than {self.largest} bytes")
        if content.count(b",") > _MOST_COMMAS:
            raise MalformedExport(f"the export has more than {_MOST_COMMAS} values")
        return content


def _form(content: bytes) -> str:
    """Which form of export it looks like, by its beginning: for the operator who chose it."""
    start = content[:4096].lstrip().lower()
    if start.startswith(b"["):
        return "a list of entries, as rpki-prover writes it, without a build time"
    if start.startswith(b"{"):
        without = b'"metadata"' not in content
        return "an export without `metadata`, as FORT writes it" if without else "not an export"
    if start.startswith((b"asn,", b"uri,")):
        return "an export in CSV"
    if start.startswith((b"roa-set", b"route:", b"route6:")):
        return "an export for a router or a registry, not JSON"
    return "not an export of ROAs"
