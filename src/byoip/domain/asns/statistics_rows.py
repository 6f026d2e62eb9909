"""The rows of AS numbers in a delegated-extended statistics file, read beside those of prefixes.

`registry|cc|asn|start|count|date|status|opaque-id|...`, `start` in asplain (RFC 5396). They are
judged on their own: a file whose numbers make no sense keeps its prefixes, and its numbers count
as not loaded.
"""

import re
from collections.abc import Sequence
from typing import Final

from byoip.domain.asn import LAST_ASN
from byoip.domain.asns.registration import AsnRange, apart

_STATUSES: Final = frozenset({"allocated", "assigned", "available", "reserved"})
_OPAQUE_ID: Final = re.compile(r"[!-\[\]-~]{0,100}")  # printable ASCII but blanks and backslashes
_NUMBER: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
_MOST: Final = 500_000  # the largest file has 40,000
_FIELDS: Final = 7
_KIND: Final = 2  # the place of a line's type
_TOLERATED_SHARE: Final = 0.01  # as of prefixes


class AsnRows:
    """One file's rows, taken one by one."""

    def __init__(self, registry: str) -> None:
        self._registry = registry
        self._promised = 0
        self._rows = 0
        self._ranges: list[AsnRange] = []

    def take(self, fields: Sequence[str], *, whole: bool) -> bool:
        """One line, split; whether it is of numbers: a row, or how many the summary says there are.

        `whole`: it is no longer than a line may be.
        """
        if len(fields) <= _KIND or fields[_KIND] != "asn":
            return False
        if fields[-1] == "summary":
            count = fields[-2]
            self._promised += int(count) if _NUMBER.fullmatch(count) else 0
            return True
        self._rows += 1
        if whole and self._rows <= _MOST and (read := self._read(fields)):
            self._ranges.append(read)
        return True

    def ranges(self) -> tuple[AsnRange, ...] | None:
        """All of them; None: they are no list of the registry's numbers.

        Numbers that two rows have are known of neither. Nothing is known of a file without any, one
        that is cut short, and one of which more than one row in a hundred makes no sense.
        """
        kept = apart(self._ranges)
        least = max(1, self._rows, self._promised) * (1 - _TOLERATED_SHARE)
        return kept if len(kept) >= least and self._rows <= _MOST else None

    def _read(self, fields: Sequence[str]) -> AsnRange | None:
        if len(fields) < _FIELDS or fields[0] != self._registry:
            return None
        _, _, _, start, value, _, status, *rest = fields
        holder = rest[0] if rest else ""
        if not (_NUMBER.fullmatch(start) and _NUMBER.fullmatch(value)):
            return None
        first, count = int(start), int(value)
        if status not in _STATUSES or not _OPAQUE_ID.fullmatch(holder):
            return None
        if count == 0 or first + count - 1 > LAST_ASN:
            return None
        return AsnRange(first, first + count - 1, self._registry, status, holder)
