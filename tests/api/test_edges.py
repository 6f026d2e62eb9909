"""Edges over the API; on a database of their own, since an edge changes what bindings do."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.border.access_log import AccessLog
from byoip.api.border.declarations import Audience
from byoip.cli.serving import bind, port_of, serving
from byoip.domain.accounts.credential import Scope
from byoip.store.bindings.services import seed_services
from byoip.store.claims.event_notifier import EventNotifier
from byoip.store.engine import PoolSize, make_engine
from tests.api.operators import WHY, Desk
from tests.api.test_history import hurried, waiting
from tests.api.world import World
from tests.store.test_event_bell import listens

FEED = "0" * 32


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url, pool=PoolSize(kept=3, more=5))
    await seed_services(made, [("CDN", False), ("Spectrum", False)])
    yield made
    await made.dispose()


@dataclass
class Edge(Desk):
    """A machine with a token that opens the feed."""

    async def acknowledge(self, name: str, number: int) -> Any:
        body = await self.acknowledgement(name, number)
        return await self.result("POST", "/edge/acknowledgements", json=body)

    async def acknowledgement(self, name: str, number: int) -> dict[str, Any]:
        return {"edge": name, "feed": await self.feed(), "number": number}

    async def feed(self) -> str:
        found: str = (await self.result("GET", "/edge/state"))["feed"]
        return found


async def register(desk: Desk, *names: str) -> None:
    for name in names:
        body = {"drained": False, "reason": WHY}
        await desk.result("PUT", f"/edge/edges/{name}", json=body)


@pytest.fixture
async def edge(world: World) -> Edge:
    return Edge(world, await world.credential(None, [Scope.EDGE_READ, Scope.EDGE_ACK]))


@dataclass
class Customer:
    """A customer with an approved prefix."""

    world: World
    prefix_id: str
    cidr: str

    @property
    def path(self) -> str:
        return f"/prefixes/{self.prefix_id}/bindings"

    async def service(self, name: str) -> str:
        [found] = [one.id.hex for one in await self.world.services() if one.name == name]
        return found

    async def bind(self, service: str = "CDN") -> dict[str, Any]:
        body = {"cidr": self.cidr, "service_id": await self.service(service)}
        made: dict[str, Any] = await self.world.result("POST", self.path, json=body)
        return made

    async def swap(self, binding: dict[str, Any], service: str) -> dict[str, Any]:
        body = {"service_id": await self.service(service)}
        path = f"{self.path}/{binding['id']}"
        made: dict[str, Any] = await self.world.result("PATCH", path, json=body)
        return made


@pytest.fixture
async def customer(world: World) -> Customer:
    return Customer(world, *await world.approved())


@pytest.fixture
async def listening(world: World) -> AsyncIterator[EventNotifier]:
    bell = world.backend.bell
    assert isinstance(bell, EventNotifier)
    async with bell.listening():
        await listens(bell)
        yield bell


async def test_an_edge_takes_the_state_acknowledges_it_and_follows(
    edge: Edge, customer: Customer, desk: Desk
) -> None:
    binding = await customer.bind()
    assert binding["provisioning"] == {"state": "active"}
    state = await edge.result("GET", "/edge/state")
    cdn = {"id": await customer.service("CDN"), "name": "CDN"}
    assert state == {
        "feed": state["feed"],
        "number": 1,
        "bindings": [
            {
                "binding_id": binding["id"],
                "prefix_id": customer.prefix_id,
                "prefix": customer.cidr,
                "cidr": customer.cidr,
                "service": cdn,
            }
        ],
    }
    await register(desk, "fra1")
    event = await desk.last_event()
    assert (event["kind"], event["after"]["edge"]) == ("edge.registered", "fra1")
    joined = await edge.acknowledge("fra1", 1)
    assert (joined["state"], joined["acknowledged"], joined["newest"]) == ("serving", 1, 1)
    swapped = await customer.swap(binding, "Spectrum")
    assert (swapped["service_name"], swapped["provisioning"]["state"]) == (
        "Spectrum",
        "provisioning",
    )
    [change] = await edge.result("GET", "/edge/changes?after=1")
    spectrum = {"id": await customer.service("Spectrum"), "name": "Spectrum"}
    assert change == {
        "feed": state["feed"],
        "number": 2,
        "at": change["at"],
        "kind": "swapped",
        "binding_id": binding["id"],
        "prefix_id": customer.prefix_id,
        "prefix": customer.cidr,
        "cidr": customer.cidr,
        "service": spectrum,
        "previous_service": cdn,
        "answering_service": spectrum,
        "answering_cidr": customer.cidr,
    }
    address = customer.cidr.replace("0/23", "9")
    found = await desk.result("GET", f"/addresses/{address}")
    assert found["holding"]["binding"]["service_name"] == "CDN"
    await edge.acknowledge("fra1", 2)
    found = await desk.result("GET", f"/addresses/{address}")
    assert found["holding"]["binding"]["service_name"] == "Spectrum"
    [shown] = await customer.world.result("GET", customer.path)
    assert shown["provisioning"] == {"state": "active"}


async def test_the_feed_comes_in_pages_and_can_be_read_again_from_any_number(
    edge: Edge, customer: Customer
) -> None:
    binding = await customer.bind()
    for service in ("Spectrum", "CDN", "Spectrum"):
        await customer.swap(binding, service)
    whole = await edge.result("GET", "/edge/changes")
    assert [one["number"] for one in whole] == [1, 2, 3, 4]
    page = (await edge.call("GET", "/edge/changes?after=1&per_page=2")).json()
    assert (page["result"], page["result_info"]["cursor"]) == (whole[1:3], "3")
    assert await edge.result("GET", "/edge/changes?after=3") == whole[3:]
    assert await edge.result("GET", "/edge/changes?after=4") == []


@pytest.mark.parametrize(
    "query", ["after=", "after=x", "after=-1", "since=3", "after=1&after=2", "wait=31", "wait=yes"]
)
@pytest.mark.parametrize("path", ["/edge/changes", "/edge/changes/stream"])
async def test_a_query_that_is_not_understood_is_refused(edge: Edge, path: str, query: str) -> None:
    [(status, name, _)] = await edge.errors("GET", f"{path}?{query}")
    assert (status, name.startswith("query_parameter_")) == (422, True)


async def test_who_is_ahead_of_the_feed_is_told_so(
    edge: Edge, customer: Customer, desk: Desk
) -> None:
    await customer.bind()
    await register(desk, "fra1")
    refused = [(409, "change_not_made_yet", "/number")]
    for path in ("/edge/changes?after=2", "/edge/changes/stream?after=2"):
        assert await edge.errors("GET", path) == refused
    body = await edge.acknowledgement("fra1", 2)
    assert await edge.errors("POST", "/edge/acknowledgements", json=body) == refused


async def test_who_follows_another_feed_is_told_so(
    edge: Edge, customer: Customer, desk: Desk
) -> None:
    await customer.bind()
    await register(desk, "fra1")
    feed, other = await edge.feed(), "0" * 32
    refused = [(409, "feed_replaced", "/feed")]
    for path in ("/edge/changes", "/edge/changes/stream"):
        assert await edge.errors("GET", f"{path}?after=1&feed={other}") == refused
        [(status, name, _)] = await edge.errors("GET", f"{path}?feed=x")
        assert (status, name) == (422, "query_parameter_invalid")
    body = {"edge": "fra1", "feed": other, "number": 1}
    assert await edge.errors("POST", "/edge/acknowledgements", json=body) == refused
    assert await edge.result("GET", f"/edge/changes?after=1&feed={feed}") == []


async def test_only_operators_register_edges(edge: Edge, customer: Customer, desk: Desk) -> None:
    await customer.bind()
    body = await edge.acknowledgement("fra2", 1)
    assert await edge.errors("POST", "/edge/acknowledgements", json=body) == [
        (404, "edge_not_found", "")
    ]
    assert await desk.result("GET", "/edge/edges") == []


async def test_an_edge_that_is_behind_stays_drained(
    edge: Edge, customer: Customer, desk: Desk
) -> None:
    await register(desk, "fra1")
    await edge.acknowledge("fra1", 0)
    await desk.result("PUT", "/edge/edges/fra1", json={"drained": True, "reason": WHY})
    await customer.bind()
    body = {"drained": False, "reason": WHY}
    assert await desk.errors("PUT", "/edge/edges/fra1", json=body) == [(409, "edge_behind", "")]
    await edge.acknowledge("fra1", 1)
    assert (await desk.result("PUT", "/edge/edges/fra1", json=body))["state"] == "serving"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"edge": "Fra 1", "feed": FEED, "number": 0}, (422, "invalid_edge_name", "/edge")),
        ({"edge": "fra1", "feed": FEED, "number": -1}, (422, "field_invalid", "/number")),
        ({"edge": "fra1", "feed": FEED, "number": "1"}, (422, "field_invalid", "/number")),
        ({"edge": "fra1", "feed": FEED}, (422, "field_missing", "/number")),
        ({"edge": "fra1", "number": 0}, (422, "field_missing", "/feed")),
        ({"edge": "fra1", "feed": "x", "number": 0}, (422, "field_invalid", "/feed")),
        ({"edge": "fra1", "feed": FEED, "number": 0, "x": 1}, (422, "field_unknown", "/x")),
    ],
)
async def test_an_acknowledgement_that_makes_no_sense_is_refused(
    edge: Edge, desk: Desk, body: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert await edge.errors("POST", "/edge/acknowledgements", json=body) == [expected]
    assert await desk.result("GET", "/edge/edges") == []


async def test_operators_drain_take_back_and_remove_edges(
    edge: Edge, desk: Desk, customer: Customer
) -> None:
    await customer.bind()
    await register(desk, "fra1", "ams1")
    await edge.acknowledge("fra1", 1)
    await edge.acknowledge("ams1", 0)
    shown = await desk.result("GET", "/edge/edges")
    assert [(one["name"], one["state"], one["acknowledged"]) for one in shown] == [
        ("ams1", "joining", 0),
        ("fra1", "serving", 1),
    ]
    drained = await desk.result("PUT", "/edge/edges/fra1", json={"drained": True, "reason": WHY})
    assert drained["state"] == "drained"
    event = await desk.last_event()
    assert (event["kind"], event["reason"]) == ("edge.put", WHY)
    assert (event["before"]["drained"], event["after"]["drained"]) == (False, True)
    back = await desk.result("PUT", "/edge/edges/fra1", json={"drained": False, "reason": WHY})
    assert back["state"] == "serving"
    await desk.act("/edge/edges/fra1/remove")
    assert (await desk.last_event())["kind"] == "edge.removed"
    body = await edge.acknowledgement("fra1", 1)
    assert await edge.errors("POST", "/edge/acknowledgements", json=body) == [
        (409, "edge_removed", "")
    ]
    assert await desk.refusal("/edge/edges/fra1/remove") == (404, "edge_not_found")


async def test_a_repeated_acknowledgement_with_its_key_gets_the_same_bytes(
    edge: Edge, customer: Customer, desk: Desk
) -> None:
    await customer.bind()
    await register(desk, "fra1")
    headers, body = {"idempotency-key": "a"}, await edge.acknowledgement("fra1", 1)
    first, again = [
        await edge.call("POST", "/edge/acknowledgements", json=body, headers=headers)
        for _ in range(2)
    ]
    assert first.content == again.content


async def test_a_long_poll_is_answered_as_soon_as_a_binding_changes(
    edge: Edge, customer: Customer, listening: EventNotifier
) -> None:
    poll = asyncio.create_task(edge.result("GET", "/edge/changes?wait=30"))
    await waiting(listening)
    await customer.bind()
    [change], seconds = await hurried(poll)
    assert change["kind"] == "bound"
    assert seconds < 0.5
    assert listening._waiting == {}


async def test_the_gauges_show_which_edge_lags(
    edge: Edge, customer: Customer, desk: Desk, world: World
) -> None:
    binding = await customer.bind()
    await register(desk, "fra1")
    await edge.acknowledge("fra1", 1)
    await customer.swap(binding, "Spectrum")
    text = (await world.client.get("/metrics")).text
    assert 'byoip_edge_lag{edge="fra1"} 1.0' in text
    assert 'byoip_edge_silent_seconds{edge="fra1"}' in text
    assert "byoip_bindings_provisioning 1.0" in text


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
        httpx.AsyncClient(base_url=server) as client,
        stream_of(edge, client, "?after=0") as response,
    ):
        assert response.headers["content-type"] == "application/x-ndjson"
        lines = response.aiter_lines()
        first = await numbered(lines)
        await waiting(listening)
        await customer.swap(binding, "Spectrum")
        second, seconds = await hurried(numbered(lines))
        assert seconds < 0.5
    assert [first, second] == await edge.result("GET", "/edge/changes")
    async with asyncio.timeout(2):
        while listening._waiting:  # noqa: ASYNC110 - it has no event for tests
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("listening")
async def test_a_stream_ends_after_its_time(edge: Edge, customer: Customer) -> None:
    await customer.bind()
    response, seconds = await hurried(edge.call("GET", "/edge/changes/stream?seconds=1"))
    assert 1 <= seconds < 3
    assert [json.loads(line)["number"] for line in response.text.splitlines() if line] == [1]


async def test_a_stream_does_not_hold_up_the_end(edge: Edge, world: World) -> None:
    bell = world.backend.bell
    assert isinstance(bell, EventNotifier)
    async with bell.listening():
        await listens(bell)
        poll = asyncio.create_task(edge.call("GET", "/edge/changes/stream"))
        await waiting(bell)
    response, seconds = await hurried(poll)
    assert response.text.strip() == ""
    assert seconds < 1
