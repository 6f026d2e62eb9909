"""Pages of lists: an opaque cursor into the order of (created_at, id)."""

import base64
import binascii
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Annotated, Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Query

from byoip.api.border.refusals import QueryParameterInvalid
from byoip.store.claims.views import Cursor

LONGEST_PAGE = 1000
DEFAULT_PAGE = 50

PerPage: TypeAlias = Annotated[
    int | None, Query(ge=1, le=LONGEST_PAGE, description="How many to return, 1 to 1000.")
]
CursorText: TypeAlias = Annotated[
    str | None,
    Query(
        description="Continue after an earlier page: its `result_info.cursor`.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]{32}$"},
    ),
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHAPE = struct.Struct(">q16s")
_TEXT = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
_MICROSECOND = timedelta(microseconds=1)

Item = TypeVar("Item")


class Placed(Protocol):
    """What has a place in a list: by its age, then by its id."""

    @property
    def created_at(self) -> datetime:
        """When it was made."""

    @property
    def id(self) -> UUID:
        """Its id."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is asked for."""

    after: Cursor | None
    size: int

    @property
    def probe(self) -> int:
        """How many to read: one more than asked for tells whether more follow."""
        return self.size + 1


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page, and where the next one begins."""

    items: Sequence[Item]
    size: int
    next: str | None


def _itself(item: Any) -> Any:
    return item


def everything(items: Sequence[Item], *, size: int | None = None) -> Page[Item]:
    """The only page of a list that is never cut."""
    return Page(items, len(items) if size is None else size, None)


def paginate_numbered(
    found: Sequence[Item], size: int, number: Callable[[Item], int] = attrgetter("number")
) -> Page[Item]:
    """Cut the item off that was read beyond `size`; the next page begins after the last number."""
    items = found[:size]
    more = len(found) > size
    return Page(items, size, str(number(items[-1])) if more else None)


def page_request(
    per_page: int | None, cursor: str | None, *, default: int = DEFAULT_PAGE
) -> PageRequest:
    """Read what the query asks for.

    Raises:
        QueryParameterInvalid: the service gives out no such cursor.
    """
    return PageRequest(None if cursor is None else read_cursor(cursor), per_page or default)


def paginate(
    found: Sequence[Item], wanted: PageRequest, place: Callable[[Item], Placed] = _itself
) -> Page[Item]:
    """Cut the extra item off, and say where the next page begins: behind its last item's place."""
    items = found[: wanted.size]
    more = len(found) > wanted.size
    return Page(items, wanted.size, write_cursor(place(items[-1])) if more else None)


def paginate_list(
    whole: Sequence[Item], wanted: PageRequest, place: Callable[[Item], Placed] = _itself
) -> Page[Item]:
    """The same for a list that is short and at hand, in the order of its places.

    A cursor holds though the item that it was made of is gone: what lies behind it follows.
    """
    after = wanted.after
    if after is not None:
        whole = [item for item in whole if _order(place(item)) > _order(after)]
    return paginate(whole[: wanted.probe], wanted, place)


def paginate_unordered(
    whole: Sequence[Item], wanted: PageRequest, place: Callable[[Item], Placed]
) -> Page[Item]:
    """The same for a list in another order, where a cursor is worthless once its item is gone.

    Raises:
        QueryParameterInvalid: the cursor's item is gone.
    """
    start = 0
    if wanted.after is not None:
        ids = [place(item).id for item in whole]
        if wanted.after.id not in ids:
            raise QueryParameterInvalid("cursor", "is outdated: start from the first page")
        start = ids.index(wanted.after.id) + 1
    return paginate(whole[start : start + wanted.probe], wanted, place)


def _order(place: Placed) -> tuple[datetime, UUID]:
    return place.created_at, place.id


def write_cursor(place: Placed) -> str:
    """Opaque text for a place in a list."""
    micros = (place.created_at - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(_SHAPE.pack(micros, place.id.bytes)).decode("ascii")


def read_cursor(text: str) -> Cursor:
    """The place that a cursor stands for.

    Raises:
        QueryParameterInvalid: the service gives out no such cursor.
    """
    try:
        if not _TEXT.fullmatch(text):
            raise QueryParameterInvalid("cursor", "is not one that this service gave")
        micros, raw = _SHAPE.unpack(base64.urlsafe_b64decode(text))
        return Cursor(_EPOCH + timedelta(microseconds=micros), UUID(bytes=raw))
    except (binascii.Error, OverflowError):
        raise QueryParameterInvalid("cursor", "is not one that this service gave") from None
