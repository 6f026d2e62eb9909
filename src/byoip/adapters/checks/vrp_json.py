"""Reads ROA exports as rpki-client and Routinator write them, close to a million entries each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Annotated

import msgspec

from byoip.ports.checks.rpki import VrpExport
from byoip.ports.checks.snapshots import MalformedExport, VrpDocument

_LARGEST = 512 * 2**20
_BATCH = 4000  # entries: large enough for speed, small enough not to show in memory
_LAST_SECOND = 253_402_300_799  # the end of the year 9999: datetime goes no further

# Canonical texts only, one a line; the store checks the values. `++` because nothing is retried.
_OCTET = "(?:0|[1-9][0-9]{0,2}+)"
_ADDRESS = rf"(?:{_OCTET}(?:\.{_OCTET}){{3}}|[0-9a-f:]++)"
_PREFIXES = re.compile(rf"(?:{_ADDRESS}/(?:0|[1-9][0-9]{{0,2}}+)\n)*+", re.ASCII)

_Asn = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
_AsnText = Annotated[str, msgspec.Meta(pattern=r"^AS(0|[1-9][0-9]{0,9})$")]
_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class _Row(msgspec.Struct, gc=False, rename={"max_length": "maxLength", "anchor": "ta"}):
    prefix: str
    max_length: Annotated[int, msgspec.Meta(ge=0, le=128)]
    asn: _Asn
    anchor: str
    expires: Annotated[int, msgspec.Meta(ge=0, le=_LAST_SECOND)] | None = None


class _NamedAsn(msgspec.Struct, gc=False):
    asn: _AsnText


class _Metadata(msgspec.Struct):
    buildtime: _Time | None = None  # rpki-client
    generated_time: _Time | None = msgspec.field(default=None, name="generatedTime")  # Routinator


class _Document(msgspec.Struct):
    metadata: _Metadata
    # Kept as slices of the file: as objects, all at once, they would need 200 MB.
    roas: list[msgspec.Raw]


_read_document = msgspec.json.Decoder(_Document).decode
_read_rows = msgspec.json.Decoder(list[_Row]).decode
_read_named_asns = msgspec.json.Decoder(list[_NamedAsn]).decode
_read_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
_prefix_of = attrgetter("prefix")
_anchor_of = attrgetter("anchor")


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
            raise MalformedExport(f"not an export of ROAs: {fault}") from None
        built_at = document.metadata.buildtime or document.metadata.generated_time
        if built_at is None:
            raise MalformedExport("the export does not say when it was built")
        digest = sha256(content).hexdigest()
        return VrpDocument(built_at, digest, _batches(document.roas, export.anchors))

    def _content(self, file: Path) -> bytes:
        try:
            with file.open("rb") as stream:
                content = stream.read(self.largest + 1)
        except OSError as fault:
            raise MalformedExport(f"the export cannot be read: {fault}") from None
        if len(content) > self.largest:
            raise MalformedExport(f"the export is larger than {self.largest} bytes")
        return content


def _batches(roas: list[msgspec.Raw], anchors: frozenset[str]) -> Iterator[Sequence[_Row]]:
    entries = iter(roas)
    while batch := list(islice(entries, _BATCH)):
        rows = _rows(b"[%b]" % b",".join(batch))
        if not _all_prefixes(rows):
            wrong = next(row.prefix for row in rows if not _all_prefixes([row]))
            raise MalformedExport(f"{wrong!r:.60} is not a prefix")
        if not anchors.issuperset(map(_anchor_of, rows)):
            rows = [row for row in rows if row.anchor in anchors]
        yield rows


def _rows(entries: bytes) -> list[_Row]:
    try:
        return _read_rows(entries)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        first = fault
    try:
        return _rows_with_named_asns(entries)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise MalformedExport(f"an entry makes no sense: {first}") from None


def _rows_with_named_asns(entries: bytes) -> list[_Row]:
    """Read entries as Routinator writes them: "AS64496" instead of 64496."""
    objects = _read_objects(entries)
    for fields, named in zip(objects, _read_named_asns(entries), strict=True):
        fields["asn"] = msgspec.Raw(named.asn.removeprefix("AS").encode())
    return _read_rows(msgspec.json.encode(objects))


def _all_prefixes(rows: Sequence[_Row]) -> bool:
    # All at once: a pattern on the field costs five times as much.
    lines = "".join([f"{prefix}\n" for prefix in map(_prefix_of, rows)])
    return lines.count("\n") == len(rows) and _PREFIXES.fullmatch(lines) is not None
