"""The way out and back over HTTP, and what operators see of it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.credential import Scope
from byoip.store.transaction import Store
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from tests.api.operators import Operator
from tests.api.world import World
from tests.rules.estate import GRACE, WIDE, WORKER, Estate


async def advertised(world: World, engine: AsyncEngine) -> str:
    """A prefix that is on the Internet."""
    prefix_id, cidr = await world.approved()
    service = next(one for one in await world.services() if not one.default_only)
    body = {"cidr": cidr, "service_id": service.id.hex}
    await world.result("POST", f"/prefixes/{prefix_id}/bindings", json=body)
    statement = "UPDATE bgp_prefixes SET last_valid_at = now() WHERE prefix_id = :id"
    async with engine.begin() as connection:
        await connection.execute(text(statement), {"id": prefix_id})
    await announce(world, prefix_id, wanted=True)
    return prefix_id


async def announce(world: World, prefix_id: str, *, wanted: bool) -> None:
    path = f"/prefixes/{prefix_id}/bgp/status"
    await world.result("PATCH", path, json={"advertised": wanted})


async def go_on(world: World, engine: AsyncEngine) -> None:
    store = Store(engine, world.clock, WIDE)
    await ContinueOffboardings(store, world.clock, GRACE)(by=WORKER)


async def messages(world: World, path: str) -> tuple[int, list[str], Any]:
    response = await world.call("POST", path)
    assert response.is_success, response.text
    body = response.json()
    return response.status_code, [one["name"] for one in body["messages"]], body["result"]


@pytest.mark.parametrize("missing", [Scope.PREFIXES_WRITE, Scope.BGP_WRITE])
@pytest.mark.parametrize("act", ["offboard", "restore"])
async def test_both_write_scopes_are_needed(world: World, act: str, missing: Scope) -> None:
    prefix_id = (await world.prefix())["id"]
    scopes = {Scope.PREFIXES_READ, Scope.PREFIXES_WRITE, Scope.BGP_WRITE} - {missing}
    world.token = await world.credential(world.account_id, scopes)
    assert await world.errors("POST", f"/prefixes/{prefix_id}/{act}") == [
        (403, "scope_missing", "")
    ]


async def test_the_whole_way_out_and_back(world: World, engine: AsyncEngine) -> None:
    prefix_id = await advertised(world, engine)
    path = f"/prefixes/{prefix_id}"
    status, said, prefix = await messages(world, f"{path}/offboard")
    assert (status, said, prefix["standing"]) == (202, ["on_its_way_out"], "offboarding")
    assert [one["name"] for one in prefix["blockers"]][:1] == ["offboarding"]
    await go_on(world, engine)
    assert await world.result("GET", f"{path}/bindings") == []
    status, said, prefix = await messages(world, f"{path}/restore")
    assert (status, said, prefix["standing"]) == (200, [], "ok")
    assert (await world.result("GET", f"{path}/bgp/status"))["advertised"] is True
    assert (await messages(world, f"{path}/restore"))[1] == ["no_change"]


async def test_a_restore_that_another_account_is_in_the_way_of_is_refused_by_name(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    prefix_id = await advertised(world, engine)
    path = f"/prefixes/{prefix_id}"
    await world.result("POST", f"{path}/offboard")
    await go_on(world, engine)
    cidr = (await world.result("GET", path))["cidr"]
    await Estate(engine, world.clock).give_to_another(UUID(prefix_id), cidr)
    assert await world.errors("POST", f"{path}/restore") == [(409, "contested", "")]
    assert await operator.refusal(f"{path}/restore") == (409, "contested")


async def test_nothing_new_happens_on_the_way_out(world: World, engine: AsyncEngine) -> None:
    prefix_id = await advertised(world, engine)
    path = f"/prefixes/{prefix_id}"
    await world.result("POST", f"{path}/offboard")
    service = (await world.services())[0]
    cidr = (await world.result("GET", path))["cidr"]
    body = {"cidr": cidr, "service_id": service.id.hex}
    [(status, name, _)] = await world.errors("POST", f"{path}/bindings", json=body)
    assert (status, name) == (409, "offboarding")
    await announce(world, prefix_id, wanted=False)  # taking away stays possible
    [(status, _, _)] = await world.errors("PATCH", f"{path}/bgp/status", json={"advertised": True})
    assert status == 409
    await world.result("POST", f"{path}/restore")


@pytest.mark.parametrize("state", ["advertised", "offboarding"])
async def test_a_leaked_token_or_a_replace_takes_nothing_down(
    world: World, engine: AsyncEngine, state: str
) -> None:
    prefix_id = await advertised(world, engine)
    path = f"/prefixes/{prefix_id}"
    if state == "offboarding":
        await world.result("POST", f"{path}/offboard")
    bindings = await world.result("GET", f"{path}/bindings")
    routes = await world.result("GET", f"{path}/bgp/prefixes")
    expected = "withdraw_first" if state == "advertised" else "grace_not_begun"
    for victim, name in (
        (path, expected),
        (f"{path}/bindings/{bindings[0]['id']}", "withdraw_first"),
        (f"{path}/bgp/prefixes/{routes[0]['id']}", "withdraw_first"),
    ):
        response = await world.call("DELETE", victim)
        assert response.status_code == 409
        assert response.json()["errors"][0]["name"] == name
        assert response.headers["x-should-retry"] == "false"
    cidr = (await world.result("GET", path))["cidr"]
    [(status, _, _)] = await world.errors("POST", "/prefixes", json={"cidr": cidr, "asn": 64500})
    assert status == 409  # the claim keeps its space
    assert (await world.result("GET", f"{path}/bgp/status"))["advertised"] is True
    await world.call("POST", f"{path}/restore")


async def test_delete_ends_the_grace(world: World, engine: AsyncEngine) -> None:
    prefix_id = await advertised(world, engine)
    await world.result("POST", f"/prefixes/{prefix_id}/offboard")
    await go_on(world, engine)
    await world.result("DELETE", f"/prefixes/{prefix_id}")
    events = await world.result("GET", f"/prefixes/{prefix_id}/events?per_page=1000")
    assert events[-1]["kind"] == "offboarding.finished"
    assert "Remove the ROA" in events[-1]["after"]["next"]


async def test_what_was_never_approved_is_deleted_instead(world: World) -> None:
    prefix_id = (await world.prefix("31.20.0.0/23"))["id"]
    [(status, name, _)] = await world.errors("POST", f"/prefixes/{prefix_id}/offboard")
    assert (status, name) == (409, "nothing_to_offboard")


async def test_a_suspended_prefix_does_not_leave(world: World, operator: Operator) -> None:
    prefix_id, _ = await world.approved()
    await operator.act(f"/prefixes/{prefix_id}/suspend")
    [(status, name, _)] = await world.errors("POST", f"/prefixes/{prefix_id}/offboard")
    assert (status, name) == (409, "suspended")


async def test_operators_restore_or_end_the_grace(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    prefix_id = await advertised(world, engine)
    await world.result("POST", f"/prefixes/{prefix_id}/offboard")
    assert await operator.refusal(f"/prefixes/{prefix_id}/end_grace") == (409, "grace_not_begun")
    assert (await operator.act(f"/prefixes/{prefix_id}/restore"))["standing"] == "ok"
    await world.result("POST", f"/prefixes/{prefix_id}/offboard")
    await go_on(world, engine)
    await operator.act(f"/prefixes/{prefix_id}/end_grace")
    assert (await world.call("GET", f"/prefixes/{prefix_id}")).status_code == 404


async def test_the_breaker_is_shown_and_rearmed(world: World, operator: Operator) -> None:
    shown = await operator.result("GET", "/breaker")
    assert shown["ceilings"]["per_account"] == 50
    assert await operator.refusal(f"/breaker/{'0' * 32}/rearm", parked="released") == (
        404,
        "trip_not_found",
    )
    [refused] = await operator.errors(
        "POST", f"/breaker/{'0' * 32}/rearm", json={"reason": "x", "parked": "lost"}
    )
    assert refused == (422, "field_invalid", "/parked")
    ready = await world.client.get("/readyz")
    assert ready.status_code == 200


async def test_jobs_are_shown_stopped_and_started(operator: Operator) -> None:
    assert (await operator.act("/jobs/tidy_up/stop"))["stopped"] is True
    listed = {one["kind"]: one for one in await operator.result("GET", "/jobs")}
    assert listed["tidy_up"]["moved_because"] == "a ticket"
    assert listed["offboard"]["stopped"] is False
    assert listed["offboard"]["most"] >= 20  # more, where other tests' runs were larger
    assert (await operator.act("/jobs/tidy_up/start"))["stopped"] is False
    assert (await operator.last_event())["kind"] == "job.started"
    assert await operator.refusal("/jobs/none/stop") == (404, "job_unknown")
    assert await operator.refusal("/jobs/tidy_up/allow") == (409, "job_not_refused")


async def test_the_figures_tell_of_breakers(world: World) -> None:
    found = (await world.client.get("/metrics")).text
    for line in ('byoip_breaker_open{scope="global"}', 'byoip_withdrawals{source="request"}'):
        assert line in found
