"""Failover 1.6: after a loss, numbers of events are given a second time, and readers are told."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from byoip.domain.history import Actor
from byoip.store.transaction import Transaction
from byoip.usecases.speakers.forget_applied import forget_applied, recognise
from tests.api.world import World

ELSEWHERE = "INSERT INTO incarnation (identity, since) VALUES ('another cluster', now())"
PROMOTED = (
    "UPDATE incarnation SET identity ="
    " regexp_replace(identity, 'timeline \\d+', 'timeline 00000000')"
)
WITNESS = """
    INSERT INTO witnesses (process, name, seen_at)
    SELECT gen_random_uuid(), 'a:1', max(at) + interval '1 hour' FROM events
"""
TESTIFIED = "UPDATE witnesses SET identity = database_identity(), good = true"


@pytest.fixture(params=["/events", "/prefixes/{}/events"])
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def do(world: World, *statements: str) -> None:
    async with world.store.transaction() as tx:
        for one in statements:
            await tx.connection.execute(sa.text(one))


async def page(world: World, path: str, **query: object) -> dict[str, Any]:
    answer = await world.call("GET", path, params=query)
    made: dict[str, Any] = answer.json()
    return made | {"status": answer.status_code}


async def told(world: World) -> str:
    prefix_id: str = (await world.prefix())["id"]
    await describe(world, prefix_id, "known")
    world.clock.advance(timedelta(hours=2))
    return prefix_id


async def describe(world: World, prefix_id: str, words: str) -> None:
    await world.result("PATCH", f"/prefixes/{prefix_id}", json={"description": words})


def transaction(world: World) -> Any:
    return world.store.transaction(actor=Actor("cli", "cli-1"))


async def forget(tx: Transaction) -> None:
    await forget_applied(tx, name="A", reason="last night's backup")


async def test_a_reader_of_before_is_told_from_where_to_go_on(world: World, path: str) -> None:
    prefix_id = await told(world)
    path = path.format(prefix_id)
    epoch = (await page(world, path))["result_info"]["epoch"]
    await do(world, WITNESS)
    async with transaction(world) as tx:
        await forget(tx)
    for words in ("new 3", "new 4"):
        await describe(world, prefix_id, words)
    refused = await page(world, path, after=4, epoch=epoch)
    assert (refused["status"], refused["errors"][0]["name"]) == (409, "events_replaced")
    assert "go on after 2 with the epoch" in refused["errors"][0]["message"]
    now = (await page(world, path))["result_info"]["epoch"]
    assert now != epoch
    assert now in refused["errors"][0]["message"]
    found = await page(world, path, after=2, epoch=now)
    assert [one["number"] for one in found["result"]] == [3, 4]
    early = await page(world, path, after=1, epoch=epoch)
    assert "go on after 1 with" in early["errors"][0]["message"], "what it knows is enough"


async def test_an_epoch_that_is_lost_itself_begins_again(world: World, path: str) -> None:
    path = path.format(await told(world))
    refused = await page(world, path, after=2, epoch="0" * 32)
    assert refused["errors"][0]["name"] == "events_replaced"
    assert "go on after 0 with" in refused["errors"][0]["message"]


async def test_without_a_sign_of_life_all_is_read_again(world: World, path: str) -> None:
    path = path.format(await told(world))
    epoch = (await page(world, path))["result_info"]["epoch"]
    async with transaction(world) as tx:
        await forget(tx)
    refused = await page(world, path, after=2, epoch=epoch)
    assert "go on after 0 with" in refused["errors"][0]["message"]


async def test_old_clients_send_no_epoch(world: World, path: str) -> None:
    path = path.format(await told(world))
    assert [one["number"] for one in (await page(world, path, after=1))["result"]] == [2]


async def test_until_it_is_judged_numbers_are_not_answered(world: World, path: str) -> None:
    path = path.format(await told(world))
    epoch = (await page(world, path))["result_info"]["epoch"]
    await do(world, ELSEWHERE)
    for query in ({"after": 1}, {"after": 1, "epoch": epoch}, {"after": 1, "wait": 5}):
        assert (await page(world, path, **query))["status"] == 503
    async with transaction(world) as tx:
        await recognise(tx)
    assert (await page(world, path, after=1))["status"] == 200
    assert (await page(world, path, after=1, epoch=epoch))["status"] == 409


async def test_a_promotion_without_loss_is_the_same_epoch(world: World, path: str) -> None:
    path = path.format(await told(world))
    epoch = (await page(world, path))["result_info"]["epoch"]
    async with transaction(world) as tx:
        await recognise(tx)
    await do(world, PROMOTED, WITNESS, TESTIFIED)
    assert (await page(world, path, after=1, epoch=epoch))["status"] == 503
    async with transaction(world) as tx:
        await recognise(tx)
    found = await page(world, path, after=1, epoch=epoch)
    assert (found["status"], found["result_info"]["epoch"]) == (200, epoch)
