from typing import Annotated, TypeAlias

from fastapi import Query

from byoip.api.answers import Answer, list_answer
from byoip.api.caller import Asking
from byoip.api.declarations import Declarations
from byoip.api.paging import DEFAULT_PAGE, Cut, PerPage
from byoip.api.routes.path_ids import PathId
from byoip.api.schemas.events import EventListAnswer, event_of
from byoip.domain.claim import ClaimNotFound
from byoip.domain.credential import Scope

history = Declarations("history")

After: TypeAlias = Annotated[
    int, Query(ge=0, le=2**63 - 1, description="Only events with greater numbers.")
]


@history.operation(
    "GET /prefixes/{prefix_id}/events",
    Scope.PREFIXES_READ,
    answer=EventListAnswer,
    refuses=(ClaimNotFound,),
)
async def list_prefix_events(
    caller: Asking, prefix_id: PathId, after: After = 0, per_page: PerPage = None
) -> Answer:
    """Read a prefix's history, oldest first, also after the prefix was removed.

    Numbers have no gaps and appear in order: remember the last one and go on `after` it.
    """
    size = per_page or DEFAULT_PAGE
    found = await caller.backend.reader.events(
        caller.account_id, prefix_id, after=after, limit=size + 1
    )
    items = found[:size]
    more = str(items[-1].number) if len(found) > size else None
    return list_answer([event_of(event) for event in items], Cut(items, size, more))
