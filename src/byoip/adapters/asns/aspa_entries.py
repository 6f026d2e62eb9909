"""Reads the ASPAs of an export, as rpki-client (8.5 and later) and Routinator write them.

rpki-client: `{"customer_asid": 64501, "expires": 1795937679, "providers": [64500]}`; Routinator:
`{"customer": "AS64501", "providers": ["AS64500"], "ta": "ripe"}`. That one is missing lets through,
so nothing is dropped: what cannot be read makes its customer unanswered, or all of them.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from byoip.adapters.checks.vrp_entries import LAST_SECOND
from byoip.domain.asn import LAST_ASN
from byoip.ports.checks.snapshots import AspaEntries, AspaRow

_MOST_ROWS: Final = 200_000  # today's have a thousand
_MOST_PROVIDERS: Final = 2_000_000  # of all together
_MOST_OF_ONE: Final = 1000  # providers of a customer, which are shown and published again
_LARGEST: Final = 64 * 2**20  # bytes
_NUMBER: Final = re.compile(r"AS(0|[1-9][0-9]{0,9})", re.ASCII)
_NONSENSE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_Number = Annotated[int, msgspec.Meta(ge=0, le=LAST_ASN)] | str


class _Customer(msgspec.Struct):
    customer_asid: _Number | None = None
    customer: _Number | None = None

    def number(self) -> int | None:
        both = self.customer_asid, self.customer
        given = {_read_number(one) for one in both if one is not None}
        return given.pop() if len(given) == 1 else None


class _Listed(msgspec.Struct):
    providers: list[_Number]
    expires: Annotated[int, msgspec.Meta(ge=0, le=LAST_SECOND)] | None = None


_read_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_customer = msgspec.json.Decoder(_Customer).decode
_read_listed = msgspec.json.Decoder(_Listed).decode


def aspa_entries(member: bytes | None) -> AspaEntries:
    """The entries in the member `aspas` of an export; None: it has none.

    Several of one customer are one with all providers, which ends with the first of them. One of
    more than a thousand providers cannot be read.
    """
    if member is None:
        return AspaEntries((), "the export has no aspas")
    if len(member) > _LARGEST:
        return AspaEntries((), f"more than {_LARGEST} bytes of aspas")
    try:
        entries = _read_list(member)
    except _NONSENSE:
        return AspaEntries((), "its aspas are no list")
    if len(entries) > _MOST_ROWS:
        return AspaEntries((), f"more than {_MOST_ROWS} aspas")
    return _together(entries)


def _together(entries: list[msgspec.Raw]) -> AspaEntries:
    found: dict[int, list[AspaRow]] = {}
    left = _MOST_PROVIDERS
    for place, entry in enumerate(entries, start=1):
        customer = _customer(entry)
        if customer is None:
            return AspaEntries((), f"aspas, entry {place} names no customer")
        row = _row(customer, entry)
        left -= len(row.providers or ())
        if left < 0:
            return AspaEntries((), f"more than {_MOST_PROVIDERS} providers in aspas")
        found.setdefault(customer, []).append(row)
    return AspaEntries(tuple(_union(one, found[one]) for one in sorted(found)))


def _customer(entry: msgspec.Raw) -> int | None:
    try:
        number = _read_customer(entry).number()
    except _NONSENSE:
        return None
    return number or None  # AS0 is nobody's


def _row(customer: int, entry: msgspec.Raw) -> AspaRow:
    try:
        listed = _read_listed(entry)
    except _NONSENSE:
        return AspaRow(customer, None, None)
    providers = [_read_number(one) for one in listed.providers]
    if not providers or None in providers or customer in providers:
        return AspaRow(customer, None, None)  # a customer is no provider of its own
    every = tuple(sorted({one for one in providers if one is not None}))
    return _unless_too_many(AspaRow(customer, every, listed.expires))


def _union(customer: int, rows: Sequence[AspaRow]) -> AspaRow:
    """All rows of a customer as one; at once, for one customer may have a hundred thousand."""
    lists = [one.providers for one in rows if one.providers is not None]
    if len(lists) < len(rows):
        return AspaRow(customer, None, None)
    ends = [one.expires for one in rows if one.expires is not None]
    providers = tuple(sorted({one for each in lists for one in each}))
    return _unless_too_many(AspaRow(customer, providers, min(ends, default=None)))


def _unless_too_many(row: AspaRow) -> AspaRow:
    many = row.providers is not None and len(row.providers) > _MOST_OF_ONE
    return AspaRow(row.customer, None, None) if many else row


def _read_number(given: int | str) -> int | None:
    if isinstance(given, int):
        return given
    found = _NUMBER.fullmatch(given)
    number = int(found[1]) if found else LAST_ASN + 1
    return number if number <= LAST_ASN else None
