"""Stumble 35: what was removed comes back by its id, pending, while its space is free."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.api.bound import bound
from tests.api.operators import Operator
from tests.api.test_loa_documents import upload
from tests.api.test_tenancy import bearer
from tests.api.world import World
from tests.pdfs import pdf
from tests.stumbles.runs import states

CIDR = "31.4.0.0/23"


async def removed(world: World) -> str:
    """The path of an approved prefix that its customer has removed."""
    prefix_id, _ = await world.approved(CIDR)
    path = f"/prefixes/{prefix_id}"
    assert (await world.call("DELETE", path)).status_code == 200
    return path


async def test_35_a_removed_prefix_comes_back_pending_with_its_history(world: World) -> None:
    path = await removed(world)
    assert (await world.call("GET", path)).status_code == 404
    assert await world.result("GET", "/prefixes") == []
    before = await world.result("GET", f"{path}/events")
    back = await world.result("POST", f"{path}/restore")
    assert (back["approved"], back["standing"]) == ("P", "ok")
    assert states(back) == ["pending"] * 3
    assert back["ownership_validation_token"]
    assert await world.result("GET", path) == back
    events = await world.result("GET", f"{path}/events")
    assert events[: len(before)] == before
    assert events[len(before)]["kind"] == "prefix.reopened"
    again = await world.call("POST", f"{path}/restore")
    assert [one["name"] for one in again.json()["messages"]] == ["no_change"]
    assert (await world.call("POST", f"{path}/validate")).status_code == 202
    assert (await world.call("DELETE", path)).status_code == 200


async def test_35_it_waits_for_proof_anew(world: World) -> None:
    made = await world.prefix(CIDR)
    world.clock.advance(timedelta(days=29))
    path = f"/prefixes/{made['id']}"
    await world.call("DELETE", path)
    world.clock.advance(timedelta(days=2))
    back = await world.result("POST", f"{path}/restore")
    closes = world.clock.now() + timedelta(days=30)
    assert back["closes_at"] == f"{closes:%Y-%m-%dT%H:%M:%S.%fZ}"
    async with world.store.transaction() as tx:
        told = replace(
            await tx.lock_claim(UUID(made["id"])), told_closing_at=closes - timedelta(days=1)
        )
        await tx.claims.save(told)
        assert await tx.claims.unproven(closes - timedelta(seconds=1), 10) == {}
        assert len(await tx.claims.unproven(closes, 10)) == 1


async def test_35_what_was_bound_is_named_to_bind_it_again(world: World) -> None:
    path, cidr, _ = await bound(world)
    [binding] = await world.result("GET", f"{path}/bindings")
    await world.result("DELETE", f"{path}/bindings/{binding['id']}")
    assert (await world.call("DELETE", path)).status_code == 200
    answered = await world.call("POST", f"{path}/restore")
    [message] = answered.json()["messages"]
    assert message["name"] == "bind_again"
    assert cidr in message["message"]
    assert binding["service_id"] in message["message"]
    last = (await world.result("GET", f"{path}/events"))[-1]
    assert last["after"]["bindings"] == [{"cidr": cidr, "service_id": binding["service_id"]}]


async def refused(world: World, path: str) -> list[tuple[int, str, str]]:
    return await world.errors("POST", f"{path}/restore")


async def test_35_not_after_the_grace_and_not_for_others(world: World) -> None:
    path = await removed(world)
    theirs = world.url(f"{path}/restore", world.other_account_id)
    assert (await world.client.post(theirs, headers=bearer(world.other_token))).status_code == 404
    world.clock.advance(timedelta(days=7, seconds=1))
    assert await refused(world, path) == [(409, "not_restorable", "")]


async def test_35_not_where_its_place_is_taken(world: World) -> None:
    path = await removed(world)
    own = await world.prefix("31.4.0.0/22")
    assert (await refused(world, path))[0][1] == "overlaps_own_prefix"
    await world.call("DELETE", f"/prefixes/{own['id']}")
    mine = world.account_id, world.token
    world.account_id, world.token = world.other_account_id, world.other_token
    await world.approved("31.4.0.0/24")
    world.account_id, world.token = mine
    assert (await refused(world, path))[0][1] == "space_held"


async def test_35_not_where_the_operator_keeps_the_space_for_another(
    world: World, operator: Operator
) -> None:
    path = await removed(world)
    await operator.act("/reservations", cidr=CIDR, account_id=world.other_account_id.hex)
    assert (await refused(world, path))[0][1] == "space_reserved"


async def test_35_a_pending_claim_of_another_does_not_hold_it_up(world: World) -> None:
    path = await removed(world)
    mine = world.account_id, world.token
    world.account_id, world.token = world.other_account_id, world.other_token
    await world.prefix(CIDR)
    world.account_id, world.token = mine
    assert (await world.result("POST", f"{path}/restore"))["approved"] == "P"


@pytest.mark.parametrize(
    "change",
    ["state = 'pending', closed_at = NULL", "description = 'x'"],
)
async def test_35_the_database_lets_no_other_closed_claim_move(
    world: World, engine: AsyncEngine, change: str
) -> None:
    await removed(world)
    with pytest.raises(IntegrityError) as trouble:
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE prefixes SET {change}"))  # noqa: S608
    cause: Any = trouble.value.orig
    assert isinstance(cause, psycopg.errors.RestrictViolation)
    assert cause.diag.constraint_name == "prefixes_stay_closed"


async def test_35_what_is_left_out_or_null_stays_and_a_letter_can_be_named_later(
    world: World,
) -> None:
    path = f"/prefixes/{(await world.prefix(CIDR, description='rack 8'))['id']}"
    letter = await upload(world, pdf())
    body = {"loa_document_id": letter["id"], "description": None}
    changed = await world.result("PATCH", path, json=body)
    assert (changed["loa_document_id"], changed["description"]) == (letter["id"], "rack 8")
    kept = await world.result("PATCH", path, json={"description": "rack 9"})
    assert kept["loa_document_id"] == letter["id"]
    unknown = await world.errors("PATCH", path, json={"loa_document_id": "0" * 32})
    assert unknown == [(422, "loa_document_unknown", "/loa_document_id")]


async def test_35_of_several_at_once_all_are_told_that_it_is_back(world: World) -> None:
    for _ in range(3):
        path = await removed(world)
        asked = [world.call("POST", f"{path}/restore") for _ in range(4)]
        assert [one.status_code for one in await asyncio.gather(*asked)] == [200] * 4
        kinds = [one["kind"] for one in await world.result("GET", f"{path}/events")]
        assert kinds.count("prefix.reopened") == 1
        assert (await world.call("DELETE", path)).status_code == 200
