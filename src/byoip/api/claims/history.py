"""The history of a prefix, and of all prefixes of an account."""

from functools import partial
from typing import Annotated, TypeAlias

from fastapi import Query

from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import CustomerRequest
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import event_list_of
from byoip.api.border.paging import DEFAULT_PAGE, PerPage, paginate_numbered
from byoip.api.border.waiting import Wait, read_or_wait
from byoip.api.claims.event_schemas import AccountEvent, Event, account_event_of
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.history import EventNotMadeYet

history = Declarations("history")

After: TypeAlias = Annotated[
    int, Query(ge=0, le=2**63 - 1, description="Only events with greater numbers.")
]


@history.operation(
    "GET /prefixes/{prefix_id}/events",
    Scope.PREFIXES_READ,
    answer=event_list_of(Event),
    refuses=(ClaimNotFound, EventNotMadeYet),
)
async def list_prefix_events(
    caller: CustomerRequest,
    prefix_id: PathId,
    after: After = 0,
    wait: Wait = 0,
    per_page: PerPage = None,
) -> Answer:
    """Read a prefix's history, oldest first, also after the prefix was removed.

    Numbers have no gaps and appear in order: remember the last one and go on `after` it.
    """
    size, reader, account_id = per_page or DEFAULT_PAGE, caller.backend.reader, caller.account_id
    if after:
        _require_made(after, await reader.newest_event(account_id, prefix_id))
    read = partial(reader.events, account_id, prefix_id, after=after, limit=size + 1)
    found = await read_or_wait(read, caller.backend.notifier, prefix_id, wait)
    return await list_answer(paginate_numbered(found, size), Event.showing)


@history.operation(
    "GET /events",
    Scope.PREFIXES_READ,
    answer=event_list_of(AccountEvent),
    refuses=(EventNotMadeYet,),
)
async def list_account_events(
    caller: CustomerRequest, after: After = 0, wait: Wait = 0, per_page: PerPage = None
) -> Answer:
    """Read the history of all the account's prefixes, oldest first.

    Numbers count within the account, without gaps and in order: remember the last one and go on
    `after` it; with `wait`, an answer comes as soon as there is something.
    """
    size, reader, account_id = per_page or DEFAULT_PAGE, caller.backend.reader, caller.account_id
    if after:
        _require_made(after, await reader.newest_account_event(account_id))
    read = partial(reader.account_events, account_id, after=after, limit=size + 1)
    found = await read_or_wait(read, caller.backend.notifier, account_id, wait)
    return await list_answer(paginate_numbered(found, size), account_event_of)


def _require_made(after: int, newest: int) -> None:
    # A reader ahead of this has read events that are lost, as after a backup was restored: told
    # so, it reads the state again; left waiting, it would miss what gets those numbers next.
    if after > newest:
        raise EventNotMadeYet(newest)
