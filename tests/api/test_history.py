import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from byoip.api.border.access_log import AccessLog
from byoip.cli.serving import bind, port_of, serving
from byoip.store.claims.event_notifier import EventNotifier
from tests.api.world import World
from tests.leaping import leap
from tests.store.test_event_notifier import listens


async def test_the_history_names_who_did_what_at_whose_request(world: World) -> None:
    made = await world.call(
        "POST",
        "/prefixes",
        json={"cidr": "31.0.0.0/23", "asn": 64500},
        headers={"x-request-id": "deploy-42"},
    )
    [event] = await world.result("GET", f"/prefixes/{made.json()['result']['id']}/events")
    credential = await world.backend.credentials.recognise(world.token)
    assert credential is not None
    assert (event["number"], event["kind"]) == (1, "prefix.created")
    assert event["actor"] == f"credential:{credential.id.hex}"
    assert event["request_id"] == "deploy-42"
    assert event["after"]["cidr"] == "31.0.0.0/23"


async def test_reading_on_after_the_last_number_misses_nothing(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    for method in ("irr", "rdns", "irr"):
        path = f"/prefixes/{prefix_id}/validation_tokens"
        await world.result("POST", path, json={"method": method})
    whole = await world.result("GET", f"/prefixes/{prefix_id}/events")
    seen, after = [], "0"
    while True:
        query = {"after": after, "per_page": "2"}
        page = (await world.call("GET", f"/prefixes/{prefix_id}/events", params=query)).json()
        seen += page["result"]
        if page["result_info"]["cursor"] is None:
            break
        after = page["result_info"]["cursor"]
    assert seen == whole
    assert [one["number"] for one in whole] == list(range(1, len(whole) + 1))
    query = {"after": str(whole[-1]["number"])}
    assert await world.result("GET", f"/prefixes/{prefix_id}/events", params=query) == []


async def test_a_number_out_of_bounds_is_refused(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    for after in ("-1", "9" * 30, "x"):
        assert await world.errors("GET", f"/prefixes/{prefix_id}/events?after={after}") == [
            (422, "query_parameter_invalid", "")
        ]


async def test_an_account_reads_the_history_of_all_its_prefixes_in_one_order(world: World) -> None:
    first = (await world.prefix("31.0.0.0/23"))["id"]
    second = (await world.prefix("31.1.0.0/23"))["id"]
    await world.result("PATCH", f"/prefixes/{first}", json={"description": "x"})
    whole = await world.result("GET", "/events")
    told = [(one["number"], one["prefix_id"], one["prefix_number"], one["kind"]) for one in whole]
    assert told == [
        (1, first, 1, "prefix.created"),
        (2, second, 1, "prefix.created"),
        (3, first, 2, "prefix.described"),
    ]
    [own] = await world.result("GET", f"/prefixes/{second}/events")
    assert own == {
        name: value for name, value in whole[1].items() if not name.startswith("prefix_")
    } | {"number": 1}
    page = (await world.call("GET", "/events?per_page=2")).json()
    assert page["result"] == whole[:2]
    cursor = page["result_info"]["cursor"]
    assert await world.result("GET", "/events", params={"after": cursor}) == whole[2:]


@pytest.fixture
async def listening(world: World) -> AsyncIterator[EventNotifier]:
    notifier = world.backend.notifier
    async with notifier.listening():
        await listens(notifier)
        yield notifier


async def waiting(notifier: EventNotifier) -> None:
    """Wait until a request waits."""
    async with asyncio.timeout(60):
        while not notifier._waiting:  # noqa: ASYNC110 - it has no event for tests
            await asyncio.sleep(0.005)


WELL_BEFORE = 15  # of the 30 seconds that it would wait


async def hurried(coroutine: Awaitable[Any]) -> tuple[Any, float]:
    started = time.monotonic()
    return await coroutine, time.monotonic() - started


@pytest.mark.parametrize("path", ["/events", "/prefixes/{}/events"])
async def test_a_long_poll_is_answered_as_soon_as_something_happens(
    world: World, listening: EventNotifier, path: str
) -> None:
    prefix_id = (await world.prefix())["id"]
    asked = path.format(prefix_id)
    poll = asyncio.create_task(world.result("GET", f"{asked}?after=1&wait=30"))
    await waiting(listening)
    await world.result("PATCH", f"/prefixes/{prefix_id}", json={"description": "x"})
    [event], seconds = await hurried(poll)
    assert event["kind"] == "prefix.described"
    assert seconds < WELL_BEFORE
    assert listening._waiting == {}


@pytest.mark.usefixtures("listening")
async def test_what_is_there_already_is_not_waited_for(world: World) -> None:
    await world.prefix()
    found, seconds = await hurried(world.result("GET", "/events?wait=30"))
    assert len(found) == 1
    assert seconds < WELL_BEFORE


@pytest.mark.usefixtures("listening")
async def test_a_poll_that_hears_nothing_comes_back_empty_in_time(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    found, seconds = await hurried(
        world.call("GET", f"/prefixes/{prefix_id}/events?after=1&wait=1")
    )
    assert found.json()["result"] == []
    assert found.json()["result_info"]["cursor"] is None
    assert 1 <= seconds < WELL_BEFORE


async def test_without_a_bell_a_poll_costs_its_time_but_misses_nothing(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    poll = asyncio.create_task(world.result("GET", "/events?after=1&wait=30"))
    await waiting(world.backend.notifier)
    await world.result("PATCH", f"/prefixes/{prefix_id}", json={"description": "x"})
    leap(30)
    assert [one["number"] for one in await poll] == [2]


async def test_anothers_history_is_never_waited_for(
    world: World, listening: EventNotifier, unknown_id: str
) -> None:
    path = f"/prefixes/{unknown_id}/events?wait=30"
    assert await world.errors("GET", path) == [(404, "prefix_not_found", "")]
    assert listening._waiting == {}


@pytest.mark.parametrize("wait", ["31", "-1", "1.5", "true", ""])
async def test_a_wait_out_of_bounds_is_refused(world: World, wait: str) -> None:
    assert await world.errors("GET", f"/events?wait={wait}") == [
        (422, "query_parameter_invalid", "")
    ]


@pytest.fixture
async def server(world: World) -> AsyncIterator[str]:
    """The API behind a real socket; stopped as `byoip api` stops it."""
    socket = bind("127.0.0.1", 0)
    async with serving(AccessLog(world.app, CollectorRegistry()), socket):
        yield f"http://127.0.0.1:{port_of(socket)}"


async def poll_at(server: str, world: World) -> asyncio.Task[httpx.Response]:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(base_url=server, timeout=40) as client:
            headers = {"authorization": f"Bearer {world.token}"}
            return await client.get(world.url("/events?wait=30"), headers=headers)

    return asyncio.create_task(ask())


async def test_a_client_that_goes_away_is_waited_for_no_longer(
    world: World, listening: EventNotifier, server: str
) -> None:
    poll = await poll_at(server, world)
    await waiting(listening)
    poll.cancel()
    async with asyncio.timeout(WELL_BEFORE):
        while listening._waiting:  # noqa: ASYNC110 - it has no event for tests
            await asyncio.sleep(0.01)


async def test_a_waiting_request_does_not_hold_up_the_end(world: World) -> None:
    notifier = world.backend.notifier
    socket = bind("127.0.0.1", 0)
    async with serving(AccessLog(world.app, CollectorRegistry()), socket):
        async with notifier.listening():
            await listens(notifier)
            poll = await poll_at(f"http://127.0.0.1:{port_of(socket)}", world)
            await waiting(notifier)
            stopping = time.monotonic()
        assert (await poll).json()["result"] == []
    assert time.monotonic() - stopping < WELL_BEFORE


async def test_a_follower_that_is_ahead_is_told_and_not_left_waiting(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    for path in (f"/prefixes/{prefix_id}/events", "/events"):
        newest = (await world.result("GET", path))[-1]["number"]
        assert await world.result("GET", f"{path}?after={newest}") == []
        ahead = f"{path}?after={newest + 1}&wait=30"
        assert await world.errors("GET", ahead) == [(409, "event_not_made_yet", "")]
