"""Trust, 4.1: an edge that asks without end, and reads slowly, has a share of the memory as others.

Customers decide how much is bound, and how often that changes: an edge asks for all of it.
"""

import asyncio
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Message

from byoip.api.border.account_turns import MOST_LISTENING
from byoip.api.border.declarations import Audience
from byoip.api.border.large_answers import OF_AN_ACCOUNT
from byoip.domain.accounts.credential import Scope
from byoip.store.accounts.credentials import token_hash
from byoip.store.bindings.edges import EdgeRepository
from tests.announcing import until
from tests.api.conftest import own_engine
from tests.api.edges import Customer, Edge, customer, edge, engine
from tests.api.world import World

__all__ = ["customer", "edge", "engine", "own_engine"]  # fixtures

CHANGES = 1500
MANY = f"""
    INSERT INTO edge_changes (number, at, kind, prefix_id, prefix_cidr, cidr, binding_id,
        service_id, previous_service_id, answering_service_id, answering_cidr)
    SELECT n, at, 'swapped', prefix_id, prefix_cidr, cidr, binding_id,
        service_id, service_id, answering_service_id, answering_cidr
    FROM edge_changes, generate_series(2, {CHANGES}) AS n WHERE number = 1
"""  # noqa: S608 - a number of ours


async def test_a_stream_goes_in_parts_that_a_slow_edge_holds_up(
    world: World, edge: Edge, customer: Customer, engine: AsyncEngine
) -> None:
    await customer.bind()
    async with engine.begin() as connection:
        await connection.execute(sa.text(MANY))
        await connection.execute(sa.text(f"UPDATE edge_change_counter SET last = {CHANGES}"))  # noqa: S608
    parts: list[bytes] = []

    async def send(message: Message) -> None:
        parts.append(message.get("body", b""))

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("it stays until the end")

    path = f"{Audience.OPERATOR}/edge/changes/stream"
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"after=0&seconds=1",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"authorization", f"Bearer {edge.token}".encode())],
        "state": {"request_id": "slow"},
    }
    await world.app(scope, receive, send)
    assert b"".join(parts).count(b'{"feed"') == CHANGES
    assert max(map(len, parts)) < 100_000


async def test_an_edge_holds_few_large_answers(world: World, edge: Edge) -> None:
    other = Edge(world, await world.credential(None, [Scope.EDGE_READ]))
    assert (await edge.call("GET", "/edge/state")).status_code == 200
    whose = world.backend.credentials.seen(token_hash(edge.token))[0]
    with ExitStack() as held:
        for _ in range(OF_AN_ACCOUNT):
            held.enter_context(world.backend.large.one_more(whose))
        for path in ("/edge/state", "/edge/changes?per_page=1000"):
            assert (await edge.call("GET", path)).status_code == 429
            assert (await other.call("GET", path)).status_code == 200
    assert (await edge.call("GET", "/edge/state")).status_code == 200


async def test_an_edge_has_its_answers_made_one_by_one(world: World, edge: Edge) -> None:
    other = Edge(world, await world.credential(None, [Scope.EDGE_READ]))
    await edge.call("GET", "/edge/state")
    whose = world.backend.credentials.seen(token_hash(edge.token))[0]
    async with world.backend.large.turn(whose):
        waiting = asyncio.create_task(edge.call("GET", "/edge/state"))
        await until(lambda: world.backend.large.of[whose] == 1)
        assert (await other.call("GET", "/edge/state")).status_code == 200
        assert not waiting.done()
    assert (await waiting).status_code == 200


async def test_an_edge_waits_with_so_many_requests(world: World, edge: Edge) -> None:
    await edge.call("GET", "/edge/state")
    whose = world.backend.credentials.seen(token_hash(edge.token))[0]
    with ExitStack() as held:
        for _ in range(MOST_LISTENING):
            held.enter_context(world.backend.turns.listen(whose))
        assert (await edge.call("GET", "/edge/changes?wait=1")).status_code == 429
    assert (await edge.call("GET", "/edge/changes?wait=1")).status_code == 200


async def test_an_edge_follows_so_many_streams(world: World, edge: Edge) -> None:
    path = "/edge/changes/stream?seconds=1"
    other = Edge(world, await world.credential(None, [Scope.EDGE_READ]))
    assert (await edge.call("GET", path)).status_code == 200
    whose = world.backend.credentials.seen(token_hash(edge.token))[0]
    following = asyncio.create_task(edge.call("GET", path))
    await until(lambda: world.backend.turns.listening[whose] == 1)
    with ExitStack() as held:
        for _ in range(MOST_LISTENING - 1):
            held.enter_context(world.backend.turns.listen(whose))
        assert (await edge.call("GET", path)).status_code == 429
        assert (await other.call("GET", path)).status_code == 200
    assert (await following).status_code == 200
    assert not world.backend.turns.listening[whose]


async def test_names_that_mean_nothing_hold_up_no_change_of_bindings(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = 0

    async def noted(_: EdgeRepository) -> None:
        nonlocal alone
        alone += 1

    monkeypatch.setattr(EdgeRepository, "alone", noted)
    feed = (await edge.result("GET", "/edge/state"))["feed"]
    said = {"edge": "nobody", "feed": feed, "number": 0}
    response = await edge.call("POST", "/edge/acknowledgements", json=said)
    assert (response.status_code, alone) == (404, 0)
