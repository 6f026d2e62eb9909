"""Delegations on the wire."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from byoip.api.border.envelope import Id, IdIn, Strict, Text, Time, Wire, example, list_of
from byoip.domain.claims import delegation as domain

_ACCOUNT = "8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7"
EXAMPLE: dict[str, Any] = {
    "id": "d933b1530bc56c9953cf8ce166da8004",
    "cidr": "198.18.0.0/24",
    "delegated_account_id": _ACCOUNT,
    "parent_prefix_id": "2af39739cc4e3b5910c918468bb89828",
    "created_at": "2026-01-01T05:20:00Z",
    "modified_at": "2026-01-01T05:20:00Z",
    "expires_at": None,
}

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def read_time(given: object) -> datetime | None:
    """Read a time as RFC 3339 writes it, always with an offset; the same in UTC.

    One that is in the year 0 or 10000 there is the nearest that can be kept.

    Raises:
        ValueError: anything else.
    """
    if given is None:
        return None
    if not isinstance(given, str) or not _RFC_3339.fullmatch(given):
        raise ValueError("Times are written as in 2026-01-31T12:00:00Z (RFC 3339)")
    read = datetime.fromisoformat(given.upper())
    try:
        return read.astimezone(UTC)
    except OverflowError:
        return _FIRST if read.year == _FIRST.year else _LAST


TimeIn: TypeAlias = Annotated[
    datetime | None,
    BeforeValidator(read_time),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
]


class NewDelegation(Strict):
    """What to let another account use."""

    model_config = example(
        cidr="198.18.0.0/24", delegated_account_id=_ACCOUNT, expires_at="2027-01-01T00:00:00Z"
    )

    cidr: str = Field(description="The prefix or a part of it.")
    delegated_account_id: IdIn = Field(description="As the other account's holder told you.")
    expires_at: TimeIn = Field(default=None, description="When it ends by itself; null: never.")


class Delegation(Wire):
    """A range of a prefix that another account may use."""

    model_config = example(**EXAMPLE)

    id: Id
    cidr: Text
    delegated_account_id: Id
    parent_prefix_id: Id
    created_at: Time
    modified_at: Time
    expires_at: Time | None


class EndedDelegation(Wire):
    """Which one has ended."""

    model_config = example(id=EXAMPLE["id"])

    id: Id


ReceivedDelegationListAnswer = list_of(Delegation, "ReceivedDelegation")


def delegation_of(delegation: domain.Delegation) -> Delegation:
    """A delegation as the wire shows it. It never changes after it was made."""
    return Delegation.showing(
        delegation,
        delegated_account_id=delegation.account_id,
        parent_prefix_id=delegation.claim_id,
        modified_at=delegation.created_at,
    )
