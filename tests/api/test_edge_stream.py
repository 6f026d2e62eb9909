"""The stream of bindings that an edge follows."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.border import waiting as border_waiting
from byoip.api.border.access_log import AccessLog
from byoip.api.border.declarations import Audience
from byoip.cli.serving import bind, port_of, serving
from byoip.store.claims.event_notifier import EventNotifier
from tests.accounts import Accounts
from tests.api.edges import Customer, Edge, customer, edge, engine, listening
from tests.api.test_history import WELL_BEFORE, hurried, waiting
from tests.api.world import World
from tests.store.test_event_notifier import listens

__all__ = ["customer", "edge", "engine", "listening"]  # fixtures


@pytest.fixture
async def server(world: World) -> AsyncIterator[str]:
    """The API behind a real socket; stopped as `byoip api` stops it."""
    socket = bind("127.0.0.1", 0)
    async with serving(AccessLog(world.app, CollectorRegistry()), socket):
        yield f"http://127.0.0.1:{port_of(socket)}"


def stream_of(edge: Edge, client: httpx.AsyncClient, query: str) -> Any:
    headers = {"authorization": f"Bearer {edge.token}"}
    return client.stream("GET", f"{Audience.OPERATOR}/edge/changes/stream{query}", headers=headers)


async def numbered(lines: AsyncIterator[str]) -> dict[str, Any]:
    async for line in lines:
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
    raise AssertionError("the stream has ended")


async def test_a_stream_gives_each_change_as_a_line_as_soon_as_it_is_there(
    edge: Edge, customer: Customer, listening: EventNotifier, server: str
) -> None:
    binding = await customer.bind()
    async with (
        httpx.AsyncClient(base_url=server, timeout=60) as client,
        stream_of(edge, client, "?after=0") as response,
    ):
        assert response.headers["content-type"] == "application/x-ndjson"
        lines = response.aiter_lines()
        first = await numbered(lines)
        await waiting(listening)
        await customer.swap(binding, "Spectrum")
        second, seconds = await hurried(numbered(lines))
        assert seconds < WELL_BEFORE
    assert [first, second] == await edge.result("GET", "/edge/changes")
    async with asyncio.timeout(WELL_BEFORE):
        while listening._waiting:  # noqa: ASYNC110 - it has no event for tests
            await asyncio.sleep(0.01)


async def test_a_stream_ends_with_its_token(
    edge: Edge, customer: Customer, listening: EventNotifier, server: str
) -> None:
    binding = await customer.bind()
    credential = await edge.world.backend.credentials.recognise(edge.token)
    assert credential is not None
    async with (
        httpx.AsyncClient(base_url=server, timeout=60) as client,
        stream_of(edge, client, "?after=0") as response,
    ):
        lines = response.aiter_lines()
        await numbered(lines)
        await waiting(listening)
        await Accounts(edge.world.backend.border.store).revoke(credential.id)
        await customer.swap(binding, "Spectrum")
        async with asyncio.timeout(WELL_BEFORE):
            assert [line async for line in lines if line] == []


@pytest.mark.usefixtures("listening")
async def test_a_stream_ends_after_its_time(edge: Edge, customer: Customer) -> None:
    await customer.bind()
    response, seconds = await hurried(edge.call("GET", "/edge/changes/stream?seconds=1"))
    assert 1 <= seconds < WELL_BEFORE
    assert [json.loads(line)["number"] for line in response.text.splitlines() if line] == [1]


async def test_a_stream_does_not_hold_up_the_end(edge: Edge, world: World) -> None:
    notifier = world.backend.notifier
    async with notifier.listening():
        await listens(notifier)
        poll = asyncio.create_task(edge.call("GET", "/edge/changes/stream"))
        await waiting(notifier)
    response, seconds = await hurried(poll)
    assert response.text.strip() == ""
    assert seconds < WELL_BEFORE


@pytest.mark.parametrize(
    "restored",
    [
        pytest.param("UPDATE edge_change_counter SET last = 1", id="older than what was read"),
        pytest.param(
            "UPDATE edge_change_counter SET last = 3, feed = gen_random_uuid()", id="another feed"
        ),
    ],
)
async def test_a_stream_ends_when_the_database_is_an_older_one(
    restored: str,
    edge: Edge,
    customer: Customer,
    engine: AsyncEngine,
    listening: EventNotifier,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(border_waiting, "SIGN_OF_LIFE", 300.0)  # it is not that which ends it
    await customer.swap(await customer.bind(), "Spectrum")
    async with (
        httpx.AsyncClient(base_url=server, timeout=60) as client,
        stream_of(edge, client, "?after=1") as response,
    ):
        lines = response.aiter_lines()
        assert (await numbered(lines))["number"] == 2
        await waiting(listening)
        async with engine.begin() as connection:
            await connection.execute(sa.text(restored))
        async with asyncio.timeout(60):
            assert [line async for line in lines if line] == []


async def test_a_long_poll_is_refused_when_the_database_is_an_older_one(
    edge: Edge, customer: Customer, engine: AsyncEngine, listening: EventNotifier
) -> None:
    await customer.swap(await customer.bind(), "Spectrum")
    poll = asyncio.create_task(edge.call("GET", "/edge/changes?after=2&wait=30"))
    await waiting(listening)
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE edge_change_counter SET last = 1"))
    response, seconds = await hurried(poll)
    assert (response.status_code, seconds < WELL_BEFORE) == (409, True)


async def test_1_6_a_stream_is_never_compressed(
    edge: Edge, customer: Customer, server: str
) -> None:
    await customer.bind()
    async with (
        httpx.AsyncClient(
            base_url=server, headers={"accept-encoding": "gzip"}, timeout=60
        ) as client,
        stream_of(edge, client, "?after=0") as response,
    ):
        raw = await anext(response.aiter_raw())
    assert "content-encoding" not in response.headers
    assert json.loads(raw.splitlines()[0])["number"] == 1
