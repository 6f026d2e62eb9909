"""ETag and If-Match: writes that hold only if nobody wrote in between (RFC 9110, 13.1.1)."""

import re
from collections.abc import Iterable

from byoip.domain.precondition import ANY_VERSION, Precondition

# Weak tags never match here, and neither do tags that we never gave out.
_TAG = re.compile(rb'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
NO_VERSION = 0
_OURS = re.compile(rb"[1-9][0-9]{0,9}")


def etag(version: int) -> str:
    """The strong tag of a claim's version. What hangs on a claim has its tag as well."""
    return f'"{version}"'


def expected(headers: Iterable[tuple[bytes, bytes]]) -> Precondition | None:
    """What If-Match accepts; None if it was not sent. What is no tag matches nothing."""
    fields = [value for name, value in headers if name == b"if-match"]
    if not fields:
        return None
    if [field.strip() for field in fields] == [b"*"]:
        return ANY_VERSION
    tags = _TAG.findall(b",".join(fields))
    return Precondition(
        frozenset(int(text) for weak, text in tags if not weak and _OURS.fullmatch(text))
    )
