"""Edges over the API; on a database of their own, since an edge changes what bindings do."""

import asyncio
from typing import Any

import pytest

from byoip.store.claims.event_notifier import EventNotifier
from tests.api.edges import FEED, Customer, Edge, customer, edge, engine, listening, register
from tests.api.operators import WHY, Operator
from tests.api.test_history import WELL_BEFORE, hurried, waiting
from tests.api.world import World

__all__ = ["customer", "edge", "engine", "listening"]  # fixtures


async def test_an_edge_takes_the_state_acknowledges_it_and_follows(
    edge: Edge, customer: Customer, operator: Operator
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
    await register(operator, "fra1")
    event = await operator.last_event()
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
    found = await operator.result("GET", f"/addresses/{address}")
    assert found["holding"]["binding"]["service_name"] == "CDN"
    await edge.acknowledge("fra1", 2)
    found = await operator.result("GET", f"/addresses/{address}")
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
    edge: Edge, customer: Customer, operator: Operator
) -> None:
    await customer.bind()
    await register(operator, "fra1")
    refused = [(409, "change_not_made_yet", "/number")]
    for path in ("/edge/changes?after=2", "/edge/changes/stream?after=2"):
        assert await edge.errors("GET", path) == refused
    body = await edge.acknowledgement("fra1", 2)
    assert await edge.errors("POST", "/edge/acknowledgements", json=body) == refused


async def test_who_follows_another_feed_is_told_so(
    edge: Edge, customer: Customer, operator: Operator
) -> None:
    await customer.bind()
    await register(operator, "fra1")
    feed, other = await edge.feed(), "0" * 32
    refused = [(409, "feed_replaced", "/feed")]
    for path in ("/edge/changes", "/edge/changes/stream"):
        assert await edge.errors("GET", f"{path}?after=1&feed={other}") == refused
        [(status, name, _)] = await edge.errors("GET", f"{path}?feed=x")
        assert (status, name) == (422, "query_parameter_invalid")
    body = {"edge": "fra1", "feed": other, "number": 1}
    assert await edge.errors("POST", "/edge/acknowledgements", json=body) == refused
    assert await edge.result("GET", f"/edge/changes?after=1&feed={feed}") == []


async def test_only_operators_register_edges(
    edge: Edge, customer: Customer, operator: Operator
) -> None:
    await customer.bind()
    body = await edge.acknowledgement("fra2", 1)
    assert await edge.errors("POST", "/edge/acknowledgements", json=body) == [
        (404, "edge_not_found", "")
    ]
    assert await operator.result("GET", "/edge/edges") == []


async def test_an_edge_that_is_behind_stays_drained(
    edge: Edge, customer: Customer, operator: Operator
) -> None:
    await register(operator, "fra1")
    await edge.acknowledge("fra1", 0)
    await operator.result("PUT", "/edge/edges/fra1", json={"drained": True, "reason": WHY})
    await customer.bind()
    body = {"drained": False, "reason": WHY}
    assert await operator.errors("PUT", "/edge/edges/fra1", json=body) == [(409, "edge_behind", "")]
    await edge.acknowledge("fra1", 1)
    assert (await operator.result("PUT", "/edge/edges/fra1", json=body))["state"] == "serving"


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
    edge: Edge, operator: Operator, body: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert await edge.errors("POST", "/edge/acknowledgements", json=body) == [expected]
    assert await operator.result("GET", "/edge/edges") == []


async def test_operators_drain_take_back_and_remove_edges(
    edge: Edge, operator: Operator, customer: Customer
) -> None:
    await customer.bind()
    await register(operator, "fra1", "ams1")
    await edge.acknowledge("fra1", 1)
    await edge.acknowledge("ams1", 0)
    shown = await operator.result("GET", "/edge/edges")
    assert [(one["name"], one["state"], one["acknowledged"]) for one in shown] == [
        ("ams1", "joining", 0),
        ("fra1", "serving", 1),
    ]
    drained = await operator.result(
        "PUT", "/edge/edges/fra1", json={"drained": True, "reason": WHY}
    )
    assert drained["state"] == "drained"
    event = await operator.last_event()
    assert (event["kind"], event["reason"]) == ("edge.put", WHY)
    assert (event["before"]["drained"], event["after"]["drained"]) == (False, True)
    back = await operator.result("PUT", "/edge/edges/fra1", json={"drained": False, "reason": WHY})
    assert back["state"] == "serving"
    await operator.act("/edge/edges/fra1/remove")
    assert (await operator.last_event())["kind"] == "edge.removed"
    body = await edge.acknowledgement("fra1", 1)
    assert await edge.errors("POST", "/edge/acknowledgements", json=body) == [
        (409, "edge_removed", "")
    ]
    assert await operator.refusal("/edge/edges/fra1/remove") == (404, "edge_not_found")


async def test_a_repeated_acknowledgement_with_its_key_gets_the_same_bytes(
    edge: Edge, customer: Customer, operator: Operator
) -> None:
    await customer.bind()
    await register(operator, "fra1")
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
    assert seconds < WELL_BEFORE
    assert listening._waiting == {}


async def test_the_gauges_show_which_edge_lags(
    edge: Edge, customer: Customer, operator: Operator, world: World
) -> None:
    binding = await customer.bind()
    await register(operator, "fra1")
    await edge.acknowledge("fra1", 1)
    await customer.swap(binding, "Spectrum")
    text = (await world.client.get("/metrics")).text
    assert 'byoip_edge_lag{edge="fra1"} 1.0' in text
    assert 'byoip_edge_silent_seconds{edge="fra1"}' in text
    assert "byoip_bindings_provisioning 1.0" in text
