"""Stumbles 7, 10, 13, 31 and 32: what asking for validation says, and when a token has expired."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.evidence import Fault
from tests.api.bound import roas
from tests.api.world import World
from tests.store.samples import passed
from tests.stumbles.runs import LEASE, carry_out, states, validate


@pytest.fixture(autouse=True)
async def _roa_data(world: World, engine: AsyncEngine, tmp_path: Path) -> None:
    await roas(world, engine, tmp_path, "45.255.0.0/24")


async def test_07_the_answer_names_the_run_and_says_where_to_read_it(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    headers = {"idempotency-key": "once"}
    path = f"/prefixes/{prefix_id}/validate"
    answered = await world.call("POST", path, headers=headers)
    run = answered.json()["result"]["validation"]
    assert (run["state"], run["due_at"]) == (
        "scheduled",
        f"{world.clock.now():%Y-%m-%dT%H:%M:%S.%fZ}",
    )
    where = answered.headers["location"]
    assert where == world.url(f"/prefixes/{prefix_id}/validations/{run['id']}")
    assert int(answered.headers["retry-after"]) > 0
    read = await world.client.get(where, headers={"authorization": f"Bearer {world.token}"})
    assert read.json()["result"]["id"] == run["id"]
    again = await world.call("POST", path, headers=headers)  # the answer was lost
    kept = ("location", "retry-after", "etag")
    assert [again.headers[name] for name in kept] == [answered.headers[name] for name in kept]
    joined = await validate(world, prefix_id)
    assert joined["result"]["validation"]["id"] == run["id"]
    assert (await world.result("GET", f"/prefixes/{prefix_id}"))["validation"] == run
    await carry_out(world, run["id"])
    assert (await world.result("GET", f"/prefixes/{prefix_id}"))["validation"] is None


async def test_07_a_run_can_be_waited_for(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    run_id = (await validate(world, prefix_id))["result"]["validation"]["id"]
    path = f"/prefixes/{prefix_id}/validations/{run_id}"
    began = monotonic()
    assert (await world.result("GET", f"{path}?wait=1"))["state"] == "scheduled"
    assert monotonic() - began >= 1
    async with world.backend.notifier.listening():
        waiting = asyncio.create_task(world.result("GET", f"{path}?wait=30"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await carry_out(world, run_id)
        async with asyncio.timeout(20):
            ended = await waiting
        assert (ended["state"], ended["result"]) == ("finished", "failed")
        assert ended["checks"]
        began = monotonic()
        assert await world.result("GET", f"{path}?wait=30") == ended
        assert monotonic() - began < 20


async def test_31_what_a_requested_run_asks_is_pending_while_it_is_out(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    path = f"/prefixes/{prefix_id}"
    run_id = (await validate(world, prefix_id))["result"]["validation"]["id"]
    await carry_out(world, run_id)
    known = await world.result("GET", path)
    assert states(known) == ["missing", "missing", "missing"]

    asked = (await validate(world, prefix_id))["result"]
    assert states(asked) == ["pending"] * 3
    run_id = asked["validation"]["id"]
    async with world.store.transaction() as tx:
        assert await tx.runs.take(UUID(run_id), LEASE)
    taken = await world.result("GET", path)
    assert states(taken) == ["pending"] * 3
    assert taken["validation"]["state"] == "running"
    [listed] = (await world.result("GET", "/prefixes"))[-1:]
    assert states(listed) == ["pending"] * 3
    async with world.store.transaction() as tx:
        assert await tx.runs.put_back(UUID(run_id), 1)

    world.outside.registry.fault = Fault.TIMEOUT
    await carry_out(world, run_id)  # ends unanswered: what was known is shown again
    left = await world.result("GET", path)
    assert states(left)[0] == "missing"
    assert left["validation"]["state"] == "scheduled"  # it is tried again, not at its request


async def test_31_a_retry_that_its_customer_wakes_is_a_requested_one(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    world.outside.registry.fault = Fault.TIMEOUT
    await carry_out(world, (await validate(world, prefix_id))["result"]["validation"]["id"])
    retried = await world.result("GET", f"/prefixes/{prefix_id}")
    assert "missing" in states(retried)
    world.clock.advance(timedelta(seconds=20))  # due by itself
    assert "missing" in states(await world.result("GET", f"/prefixes/{prefix_id}"))
    world.clock.advance(timedelta(seconds=-20))
    asked = (await validate(world, prefix_id))["result"]
    assert asked["validation"]["id"] == retried["validation"]["id"]
    assert states(asked) == ["pending"] * 3


async def test_31_an_approved_prefix_keeps_its_states(world: World) -> None:
    prefix_id, _ = await world.approved()
    before = await world.result("GET", f"/prefixes/{prefix_id}")
    asked = (await validate(world, prefix_id))["result"]
    assert states(asked) == states(before)
    assert asked["validation"] is not None


def proceed(prefix: dict[str, Any]) -> str:
    [message] = [
        one["message"]
        for one in prefix["blockers"]
        if one["name"] == "prefix_not_valid_and_approved"
    ]
    return str(message)


async def test_10_the_last_blocker_says_when_it_is_asked_again(world: World) -> None:
    made = await world.prefix()
    path = f"/prefixes/{made['id']}"
    assert proceed(made).startswith("Then ask for validation: POST .../validate.")
    world.outside.registry.fault = Fault.TIMEOUT
    asked = (await validate(world, made["id"]))["result"]
    run_id = asked["validation"]["id"]
    assert f"validations/{run_id}?wait=30" in proceed(asked)
    await carry_out(world, run_id)
    scheduled = await world.result("GET", path)
    due = scheduled["validation"]["due_at"][:19]
    assert proceed(scheduled).startswith(f"Validation is tried again by itself at {due}Z")


async def expired(world: World, method: str = "rdns") -> tuple[str, dict[str, Any]]:
    """A prefix whose token, of that method, has expired; and that token."""
    prefix_id = (await world.prefix())["id"]
    path = f"/prefixes/{prefix_id}/validation_tokens"
    token = await world.result("POST", path, json={"method": method})
    world.clock.advance(timedelta(days=8))
    return prefix_id, token


@pytest.mark.parametrize("method", ["rdns", "irr"])
async def test_32_an_expired_token_is_replaced_by_asking_for_validation(
    world: World, method: str, engine: AsyncEngine, tmp_path: Path
) -> None:
    prefix_id, old = await expired(world, method)
    await roas(world, engine, tmp_path, "45.255.1.0/24")
    path = f"/prefixes/{prefix_id}"
    shown = await world.result("GET", path)
    assert shown["ownership_validation_state"] == "expired"
    assert "ownership_token_needed" in {one["name"] for one in shown["blockers"]}
    [listed] = (await world.result("GET", "/prefixes"))[-1:]
    assert listed["ownership_validation_state"] == "expired"

    told = await validate(world, prefix_id)
    assert [one["name"] for one in told["messages"]] == ["token_reissued"]
    fresh = told["result"]["ownership_validation_token"]
    assert fresh not in {None, old["token"]}
    newest = (await world.result("GET", f"{path}/validation_tokens"))[-1]
    assert (newest["token"], newest["method"]) == (fresh, method)
    await carry_out(world, told["result"]["validation"]["id"])
    assert world.outside.dns.asked == []  # it was published nowhere yet
    after = await world.result("GET", path)
    assert states(after) == ["missing", "missing", "pending"]
    [run] = await world.result("GET", f"{path}/validations")
    ownership = {one["reason"] for one in run["checks"] if one["check"].startswith("ownership")}
    assert ownership == {"token_expired"}


async def test_32_repeated_calls_change_nothing_until_that_one_expires(world: World) -> None:
    prefix_id, _ = await expired(world)
    first = await validate(world, prefix_id)
    again = await validate(world, prefix_id)
    assert again["messages"] == []
    fresh = first["result"]["ownership_validation_token"]
    assert again["result"]["ownership_validation_token"] == fresh
    await carry_out(world, first["result"]["validation"]["id"])
    asked = await validate(world, prefix_id)  # now it may be published: it is asked for
    assert asked["result"]["ownership_validation_token"] == fresh
    assert states(asked["result"]) == ["pending"] * 3
    await carry_out(world, asked["result"]["validation"]["id"])
    assert world.outside.dns.asked
    shown = await world.result("GET", f"/prefixes/{prefix_id}")
    assert shown["ownership_validation_state"] == "missing"
    world.clock.advance(timedelta(days=8))
    assert (await validate(world, prefix_id))["messages"]


async def test_32_of_many_who_ask_at_once_one_gets_the_new_token(world: World) -> None:
    prefix_id, _ = await expired(world)
    told = await asyncio.gather(*(validate(world, prefix_id) for _ in range(5)))
    assert sum(bool(one["messages"]) for one in told) == 1
    assert len({one["result"]["ownership_validation_token"] for one in told}) == 1


async def test_32_a_rival_gives_its_proof_up_for_no_mere_request(world: World) -> None:
    prefix_id, token = await expired(world)
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(prefix_id))
        proven = replace(claim, ownership=passed(world.clock.now()))
        await tx.claims.save(proven.contest(world.clock.now()))
    told = await validate(world, prefix_id)
    assert told["messages"] == []
    assert told["result"]["standing"] == "contested"
    assert told["result"]["ownership_validation_token"] == token["token"]
    assert told["result"]["ownership_validation_state"] == "expired"


async def test_32_a_scheduled_run_issues_none(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    world.outside.registry.fault = Fault.TIMEOUT
    await carry_out(world, (await validate(world, prefix_id))["result"]["validation"]["id"])
    retry = (await world.result("GET", f"/prefixes/{prefix_id}"))["validation"]["id"]
    world.clock.advance(timedelta(days=8))
    await carry_out(world, retry)
    path = f"/prefixes/{prefix_id}/validation_tokens"
    assert len(await world.result("GET", path)) == 1
