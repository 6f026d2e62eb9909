"""What edges follow and acknowledge, and what operators decide about them."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Query

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.bindings import edge_schemas as wire
from byoip.api.border import paging
from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import Operator, OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, event_list_of, list_of, read_id
from byoip.api.border.paging import PerPage
from byoip.api.border.refusals import QueryParameterInvalid
from byoip.api.border.streams import NDJSON, StreamAnswer
from byoip.api.border.waiting import Wait, follow, read_or_wait
from byoip.api.path_ids import PathText
from byoip.domain.accounts.credential import Scope
from byoip.domain.bindings import edge as domain
from byoip.domain.bindings.edge import ChangeNotMadeYet, EdgeChange, FeedReplaced
from byoip.store.bindings.edge_reader import EdgeReader
from byoip.store.bindings.views import EdgeView
from byoip.store.claims.feeds import EDGE_CHANGES
from byoip.usecases.bindings import edges as verbs
from byoip.usecases.border import Verb

edges = Declarations("operator: edges", Audience.OPERATOR)

LONGEST_STREAM = 300
_AT_ONCE = 100  # changes, 70 kB: as much of a stream is made in one go, and waits for a slow edge

After: TypeAlias = Annotated[
    int, Query(ge=0, le=2**63 - 1, description="Only changes with greater numbers.")
]
Feed: TypeAlias = Annotated[
    str | None,
    Query(
        description="The feed that `after` is a number of: refused (409) if it is another by now.",
        json_schema_extra={"pattern": "^[0-9a-f]{32}$"},
    ),
]
Seconds: TypeAlias = Annotated[
    int, Query(ge=1, le=LONGEST_STREAM, description="How long to go on; then ask again.")
]


@edges.operation(
    "GET /edge/changes",
    Scope.EDGE_READ,
    answer=event_list_of(wire.EdgeChange),
    refuses=(ChangeNotMadeYet, FeedReplaced),
)
async def list_edge_changes(
    caller: OperatorRequest,
    after: After = 0,
    feed: Feed = None,
    wait: Wait = 0,
    per_page: PerPage = None,
) -> Answer:
    """Read what has changed at which service answers for which range, oldest first.

    Numbers have no gaps and appear in order: remember the last one and go on `after` it; with
    `wait`, an answer comes as soon as there is something. Any number can be read from again.
    """
    reader, size = caller.backend.edges, per_page or paging.DEFAULT_PAGE
    await _require_made(reader, after, feed)

    async def read() -> Sequence[EdgeChange]:
        found = await reader.changes(after=after, limit=size + 1)
        if wait:  # a restore meanwhile
            await _require_made(reader, after, feed)
        return found

    place = EDGE_CHANGES, after
    found = await read_or_wait(read, caller.backend.notifier, place, wait, caller.turn)
    return await list_answer(paging.paginate_numbered(found, size), wire.change_of, epoch=None)


@edges.operation(
    "GET /edge/changes/stream",
    Scope.EDGE_READ,
    answer=NDJSON,
    refuses=(ChangeNotMadeYet, FeedReplaced),
)
async def get_edge_change_stream(
    caller: OperatorRequest, after: After = 0, feed: Feed = None, seconds: Seconds = LONGEST_STREAM
) -> Answer:
    """Follow the changes as a stream: one JSON object a line, each as soon as it is there.

    Empty lines are signs of life. The stream ends after some time, when the service is restarted,
    when its database was restored, or when the token has ended: ask again `after` the last number.
    """
    reader, credentials = caller.backend.edges, caller.backend.credentials
    await _require_made(reader, after, feed)
    began = feed or (await reader.feed_name()).hex

    async def read(last: EdgeChange | None) -> Sequence[EdgeChange]:
        number = last.number if last else after
        found = await reader.changes(after=number, limit=_AT_ONCE)
        await _require_made(reader, number, began)  # what is read follows what was sent
        return found

    allowed = partial(credentials.stands, caller.credential.id)
    found = follow(read, caller.backend.notifier, (EDGE_CHANGES, after), seconds, allowed)
    return StreamAnswer(status=200, body=b"", lines=_lines(found))


@edges.operation("GET /edge/state", Scope.EDGE_READ, answer=answer_of(wire.FullState))
async def get_edge_state(caller: OperatorRequest) -> Answer:
    """Read all that is bound, and the number of the change that this is as of.

    Where an edge starts, or starts over; from there it follows the changes after that number.
    """
    return await wire.state_answer(await caller.backend.edges.state())


@edges.operation(
    "POST /edge/acknowledgements",
    Scope.EDGE_ACK,
    answer=answer_of(wire.Edge),
    refuses=(
        domain.InvalidEdgeName,
        domain.EdgeNotFound,
        domain.EdgeRemoved,
        FeedReplaced,
        ChangeNotMadeYet,
    ),
)
async def create_edge_acknowledgement(
    caller: OperatorRequest, body: wire.Acknowledgement
) -> Answer:
    """Record that an edge has carried out a change and all before it.

    Operators register edges, by PUT. Until it has acknowledged all that was there when it was
    first heard, it counts for nothing. Repeat the last number once a minute, as a sign of life.
    """
    return await _write(
        caller, lambda tx: verbs.acknowledge(tx, edge=body.edge, feed=body.feed, number=body.number)
    )


@edges.operation("GET /edge/edges", Scope.OPERATOR, answer=list_of(wire.Edge))
async def list_edges(caller: OperatorRequest) -> Answer:
    """List the edges with what each has acknowledged, by name."""
    found = await caller.backend.edges.edges()
    return await list_answer(paging.everything(found, size=paging.LONGEST_PAGE), wire.edge_of)


@edges.operation(
    "PUT /edge/edges/{edge}",
    Scope.OPERATOR,
    answer=answer_of(wire.Edge),
    refuses=(domain.InvalidEdgeName, domain.EdgeBehind),
)
async def put_edge(caller: OperatorRequest, edge: PathText, body: wire.EdgeChangeOfState) -> Answer:
    """Register an edge, drain it, take it back into service, or let a removed one join again.

    Announcing waits no longer for a drained edge. It comes back when it has caught up, not before.
    """
    return await _write(
        caller, lambda tx: verbs.put(tx, edge=edge, drained=body.drained, reason=body.reason)
    )


@edges.operation(
    "POST /edge/edges/{edge}/remove",
    Scope.OPERATOR,
    answer=answer_of(wire.Edge),
    refuses=(domain.InvalidEdgeName, domain.EdgeNotFound),
)
async def remove_edge(caller: OperatorRequest, edge: PathText, body: Reasoned) -> Answer:
    """Take an edge out for good. It does not come back by acknowledging."""
    return await _write(caller, lambda tx: verbs.remove(tx, edge=edge, reason=body.reason))


async def _write(caller: Operator, verb: Verb[EdgeView]) -> Answer:
    made = await caller.write(verb, wire.edge_of)
    # Not for a repeated key: its first request has done it, or the worker does.
    await caller.backend.converge_bindings(by=caller.request.actor)
    return made


async def _require_made(reader: EdgeReader, after: int, feed: str | None) -> None:
    if feed is not None and _feed(feed) != await reader.feed_name():
        raise FeedReplaced
    # A reader ahead of this knows changes that are lost, as after a backup was restored: told so,
    # it takes the full state; left waiting, it would miss what gets those numbers next.
    newest = await reader.newest()
    if after > newest:
        raise ChangeNotMadeYet(newest)


def _feed(text: str) -> UUID:
    try:
        return read_id(text)
    except ValueError:
        raise QueryParameterInvalid("feed", "is not the name of a feed") from None


async def _lines(found: AsyncIterator[Sequence[EdgeChange]]) -> AsyncIterator[bytes]:
    async for changes in found:
        shown = [wire.change_of(one).model_dump_json().encode() for one in changes]
        yield b"".join(line + b"\n" for line in shown or [b""])
