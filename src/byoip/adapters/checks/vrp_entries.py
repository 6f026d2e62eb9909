"""Reads the entries of a ROA export, close to a million; what makes no sense is counted."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from socket import AF_INET, AF_INET6, inet_pton
from typing import Annotated, Final, cast

import msgspec

from byoip.domain.foreign_text import shown
from byoip.ports.checks.snapshots import LeftOut, MalformedExport, VrpRow

LAST_SECOND: Final = 253_402_300_799  # the end of the year 9999: datetime goes no further

# One entry in a thousand may make no sense; more, and the form is not what we take it for.
_UNREADABLE_SHARE: Final = 0.001
_BATCH: Final = 4000  # entries: large enough for speed, small enough not to show in memory
_MOST_ANCHORS: Final = 20  # that are named, though not configured
_LAST_ASN: Final = 2**32 - 1
_DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII).fullmatch
_NONSENSE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_LENGTHS: Final = {str(length): length for length in range(129)}


class _Anchored(msgspec.Struct, gc=False):
    ta: str


class _Extended(msgspec.Struct, gc=False):
    source: list[msgspec.Raw]


class _Entry(msgspec.Struct, gc=False, rename={"max_length": "maxLength", "anchor": "ta"}):
    prefix: str
    max_length: Annotated[int, msgspec.Meta(ge=0, le=128)]
    asn: (
        Annotated[int, msgspec.Meta(ge=0, le=_LAST_ASN)] | str
    )  # rpki-client: 64496; Routinator and OctoRPKI: "AS64496"
    anchor: str
    expires: Annotated[int, msgspec.Meta(ge=0, le=LAST_SECOND)] | None = None


_read_entries = msgspec.json.Decoder(list[_Entry]).decode
_read_entry = msgspec.json.Decoder(_Entry).decode
_read_extended = msgspec.json.Decoder(_Extended).decode
_read_anchored = msgspec.json.Decoder(_Anchored).decode


def batches(
    roas: Sequence[msgspec.Raw], anchors: frozenset[str], left_out: LeftOut
) -> Iterator[Sequence[VrpRow]]:
    """The entries of these anchors, batch by batch; what is left out is noted.

    Raises:
        MalformedExport: at the end, where more than one entry in a thousand makes no sense.
    """
    reading = _Reading(anchors, left_out)
    entries = enumerate(roas)
    while batch := list(islice(entries, _BATCH)):
        yield cast("Sequence[VrpRow]", reading.batch(batch))  # their ASNs are numbers by now
    reading.require_sense()


class _Reading:
    """One reading of an export: keeps count."""

    def __init__(self, anchors: frozenset[str], left_out: LeftOut) -> None:
        self._anchors = anchors
        self._left_out = left_out
        self._kept = 0
        self._found: set[str] = set()  # of the configured anchors
        self._first_fault = ""

    def batch(self, batch: Sequence[tuple[int, msgspec.Raw]]) -> list[_Entry]:
        """The entries that count."""
        try:
            rows: Sequence[_Entry | None] = _read_entries(b"[%b]" % b",".join(e for _, e in batch))
        except _NONSENSE:
            rows = [self._one(number, entry) for number, entry in batch]
        kept = []
        for (number, _), row in zip(batch, rows, strict=True):
            if row is None:
                continue
            if row.anchor not in self._anchors:
                self._note_other(row.anchor)
            elif fault := _fault(row):
                self._drop(number, fault)
            else:
                kept.append(row)
        self._kept += len(kept)
        self._found.update([row.anchor for row in kept])
        return kept

    def require_sense(self) -> None:
        """Refuse the export if too much of it makes no sense."""
        dropped = self._left_out.unreadable
        total = self._kept + dropped
        if dropped > _UNREADABLE_SHARE * total:
            found = ", ".join(sorted(self._found | self._left_out.other_anchors)) or "none"
            raise MalformedExport(
                f"{dropped} of {total} entries make no sense, the first is {self._first_fault}; "
                f"anchors in the export: {found}"
            )

    def _one(self, number: int, entry: msgspec.Raw) -> _Entry | None:
        # Whose entry it is comes first: what other anchors write is not our concern.
        try:
            anchor = _read_anchored(entry).ta
            if anchor in self._anchors:
                return _read_entry(entry)
            self._note_other(anchor)
        except _NONSENSE as fault:
            extended = " (Routinator's jsonext: choose json)" if _extended(entry) else ""
            self._drop(number, f"{fault}{extended}")
        return None

    def _drop(self, number: int, fault: str) -> None:
        self._left_out.unreadable += 1
        self._first_fault = self._first_fault or f"entry {number + 1}: {fault}"

    def _note_other(self, anchor: str) -> None:
        if len(self._left_out.other_anchors) < _MOST_ANCHORS:
            self._left_out.other_anchors.add(shown(anchor))


def _extended(entry: msgspec.Raw) -> bool:
    try:
        return bool(_read_extended(entry).source)
    except _NONSENSE:
        return False


def _fault(row: _Entry) -> str | None:
    """What is wrong with an entry that has all its members (RFC 9582, section 4.3)."""
    if isinstance(row.asn, str):
        digits = row.asn.removeprefix("AS")
        if digits == row.asn or not _DIGITS(digits) or int(digits) > _LAST_ASN:
            return f"{row.asn!r:.60} is not an ASN"
        row.asn = int(digits)
    address, _, tail = row.prefix.partition("/")
    length = _LENGTHS.get(tail, 129)
    try:
        packed = inet_pton(AF_INET6 if ":" in address else AF_INET, address)
    except (OSError, ValueError):
        packed = b""
    bits = 8 * len(packed)
    if length > bits or int.from_bytes(packed) & ((1 << (bits - length)) - 1):
        return f"{row.prefix!r:.60} is not a prefix"
    if not length <= row.max_length <= bits:
        return f"maxLength {row.max_length} does not fit {row.prefix}"
    return None
