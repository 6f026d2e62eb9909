"""The history of a prefix, and of all prefixes of an account."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Query

from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import CustomerRequest
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import ID_PATTERN, event_list_of, read_id
from byoip.api.border.paging import DEFAULT_PAGE, PerPage, paginate_numbered
from byoip.api.border.refusals import QueryParameterInvalid
from byoip.api.border.waiting import Wait, read_or_wait
from byoip.api.claims.event_schemas import AccountEvent, Event, account_event_of
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.history import EventNotMadeYet, EventsReplaced

history = Declarations("history")

After: TypeAlias = Annotated[
    int, Query(ge=0, le=2**63 - 1, description="Only events with greater numbers.")
]


EpochText: TypeAlias = Annotated[
    str | None,
    Query(
        description="The `result_info.epoch` of the answer that `after` was read in.",
        json_schema_extra={"pattern": ID_PATTERN},
    ),
]


@history.operation(
    "GET /prefixes/{prefix_id}/events",
    Scope.PREFIXES_READ,
    answer=event_list_of(Event),
    refuses=(ClaimNotFound, EventNotMadeYet, EventsReplaced),
)
async def list_prefix_events(
    caller: CustomerRequest,
    prefix_id: PathId,
    after: After = 0,
    epoch: EpochText = None,
    wait: Wait = 0,
    per_page: PerPage = None,
) -> Answer:
    """Read a prefix's history, oldest first, also after the prefix was removed.

    Numbers have no gaps and appear in order: remember the last one, and the `epoch`, and go on
    `after` it.
    """
    size, reader, account_id = per_page or DEFAULT_PAGE, caller.backend.reader, caller.account_id
    place = Place(reader.epochs.current, partial(reader.epochs.safe_in_claim, prefix_id))
    if after:
        newest = await reader.newest_event(account_id, prefix_id)
        await place.require(after, epoch)
        _require_made(after, newest)
    read = partial(reader.events, account_id, prefix_id, after=after, limit=size + 1)
    at = prefix_id, after
    found = await read_or_wait(read, caller.backend.notifier, at, wait, caller.turn)
    current = await place.require(after, epoch)
    return await list_answer(paginate_numbered(found, size), Event.showing, epoch=current)


@history.operation(
    "GET /events",
    Scope.PREFIXES_READ,
    answer=event_list_of(AccountEvent),
    refuses=(EventNotMadeYet, EventsReplaced),
)
async def list_account_events(
    caller: CustomerRequest,
    after: After = 0,
    epoch: EpochText = None,
    wait: Wait = 0,
    per_page: PerPage = None,
) -> Answer:
    """Read the history of all the account's prefixes, oldest first.

    Numbers count within the account, without gaps and in order: remember the last one, and the
    `epoch`, and go on `after` it; with `wait`, an answer comes as soon as there is something.
    """
    size, reader, account_id = per_page or DEFAULT_PAGE, caller.backend.reader, caller.account_id
    place = Place(reader.epochs.current, partial(reader.epochs.safe_in_account, account_id))
    if after:
        newest = await reader.newest_account_event(account_id)
        await place.require(after, epoch)
        _require_made(after, newest)
    read = partial(reader.account_events, account_id, after=after, limit=size + 1)
    at = account_id, after
    found = await read_or_wait(read, caller.backend.notifier, at, wait, caller.turn)
    current = await place.require(after, epoch)
    return await list_answer(paginate_numbered(found, size), account_event_of, epoch=current)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader stands: a number means nothing without its epoch.

    Attributes:
        current: the epoch of what is read now.
        safe: the last number that means now what it meant in an epoch.
    """

    current: Callable[[], Awaitable[UUID]]
    safe: Callable[[UUID], Awaitable[int]]

    async def require(self, after: int, epoch: str | None) -> UUID:
        """The current epoch; asked after reading, so that what was read is of it.

        Raises:
            QueryParameterInvalid: it is no epoch.
            EventsReplaced: the reader's number is of another epoch.
            StoreUnavailable: that is not known yet.
        """
        known = None if epoch is None else _epoch(epoch)
        current = await self.current()
        if after and known is not None and known != current:
            raise EventsReplaced(min(after, await self.safe(known)), current)
        return current


def _epoch(text: str) -> UUID:
    try:
        return read_id(text)
    except ValueError:
        raise QueryParameterInvalid("epoch", "is not one that this service gave") from None


def _require_made(after: int, newest: int) -> None:
    # A reader ahead of this has read events that are lost, as after a backup was restored: told
    # so, it reads the state again; left waiting, it would miss what gets those numbers next.
    if after > newest:
        raise EventNotMadeYet(newest)
