"""PDFs written by hand, object by object (ISO 32000-2, 7.5)."""

import zlib
from collections.abc import Sequence

PAGES = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
)


def pdf(*more: bytes, catalog: bytes = b"", page: bytes = b"", trailer: bytes = b"") -> bytes:
    """A document of one empty page; `more` are objects from number 4 on, the rest is added."""
    first, pages, only = PAGES
    objects = (_with(first, catalog), pages, _with(only, page), *more)
    return written(objects, trailer=trailer)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), entries, content)


def written(objects: Sequence[bytes], *, trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1."""
    body, places = bytearray(b"%PDF-1.7\n"), []
    for number, one in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    return bytes(body) + _tables(places, first=1, trailer=trailer, at=len(body))


def updated(before: bytes, number: int, content: bytes) -> bytes:
    """The file with one object replaced by an incremental update."""
    place = len(before)
    changed = before + b"%d 0 obj\n%b\nendobj\n" % (number, content)
    last = before.rpartition(b"startxref\n")[2].split()[0]
    return changed + _tables([place], first=number, trailer=b"/Prev " + last, at=len(changed))


def bomb(size: int = 2**28) -> bytes:
    """A file whose first three objects stand in a stream, twice compressed, of so many bytes."""
    head = b"%PDF-1.7\n"
    packed = zlib.compress(zlib.compress(b"1 0 " + b"0" * size, 1), 9)
    objects = stream(packed, b"/Type /ObjStm /N 1 /First 4 /Filter [/FlateDecode /FlateDecode]")
    body = head + b"4 0 obj\n" + objects + b"\nendobj\n"
    inside = b"\2" + (4).to_bytes(4, "big") + b"\0"  # in object 4 (ISO 32000-2, 7.5.8.3)
    outside = [b"\1" + at.to_bytes(4, "big") + b"\0" for at in (len(head), len(body))]
    rows = b"\0\0\0\0\0\0" + inside * 3 + b"".join(outside)
    table = stream(rows, b"/Type /XRef /W [1 4 1] /Size 6 /Root 1 0 R")
    return body + b"5 0 obj\n" + table + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


def _with(dictionary: bytes, entries: bytes) -> bytes:
    return dictionary.removesuffix(b">>") + entries + b" >>"


def _tables(places: Sequence[int], *, first: int, trailer: bytes, at: int) -> bytes:
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"0 1\n0000000000 65535 f \n"
    table = b"xref\n%b%d %d\n%b" % (head, first, len(places), rows)
    size = first + len(places)
    end = b"trailer\n<< /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, at)
    return table + end
