"""A prefix moves beside what else its accounts do."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from byoip.domain.claims.move import TooManyOffers
from byoip.usecases.claims import moves
from tests.store.samples import BY
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import World
from tests.watch.test_6_moves import accept, counted, fed, offer, on_word
from tests.watching import Days


async def waited_for(world: World) -> None:
    """Until one transaction waits for another."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(60):
        while True:
            async with world.engine.connect() as connection:
                if await connection.scalar(waiting):
                    return
            await asyncio.sleep(0.05)


async def touch(connection: AsyncConnection, table: str, column: str, account_id: UUID) -> None:
    touching = text(f"UPDATE {table} SET {column} = {column} WHERE account_id = :id")  # noqa: S608
    assert (await connection.execute(touching, {"id": account_id})).rowcount == 1


@pytest.mark.parametrize("whose", ["of the old account", "of the new one"])
async def test_a_run_that_finishes_and_a_move_do_not_deadlock(
    days: Days, routes: Routes, whose: str
) -> None:
    world, claim = days.world, routes.claim
    to = await world.new_account()
    await world.validate(await world.claim("31.9.0.0/24", account_id=to))
    before, move_id = await counted(world, claim.account_id), await offer(world, claim, to)
    account_id = to if whose == "of the new one" else claim.account_id
    async with world.engine.connect() as finishing:  # as `tx.runs.finish`, and then its events
        await touch(finishing, "evidence_usage", "bytes", account_id)
        moving = asyncio.create_task(accept(world, to, move_id))
        await waited_for(world)
        await touch(finishing, "account_event_counters", "last", account_id)
        await finishing.commit()
    assert (await moving).account_id == to
    assert before[2] > (await counted(world, claim.account_id))[2] == 0


async def test_nor_do_a_move_and_evidence_that_is_given_up(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    to = await world.new_account()
    move_id = await offer(world, claim, to)
    async with world.engine.connect() as pruning:  # its runs, and then what their account keeps
        given_up = text("UPDATE validation_runs SET raw_bytes = 0 WHERE prefix_id = :id")
        await pruning.execute(given_up, {"id": claim.id})
        moving = asyncio.create_task(accept(world, to, move_id))
        await waited_for(world)
        emptied = text("UPDATE evidence_usage SET bytes = 0 WHERE account_id = :id")
        await pruning.execute(emptied, {"id": claim.account_id})
        await pruning.commit()
    assert (await moving).account_id == to
    assert [(await counted(world, one))[2] for one in (claim.account_id, to)] == [0, 0]


async def test_who_offers_again_and_again_fills_no_feed(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    to, third = await world.new_account(), await world.new_account()
    for _ in range(21):
        await offer(world, claim, to)
    with pytest.raises(TooManyOffers):
        await offer(world, claim, to)
    told = await fed(world, to)
    assert (len(told), told[-1]) == (41, "move.offered")
    await offer(world, claim, third)  # another account has nothing to do with that
    world.clock.advance(timedelta(days=1))
    assert (await accept(world, to, await offer(world, claim, to))).account_id == to


async def test_neither_reads_the_others_credentials_and_requests(
    days: Days, routes: Routes
) -> None:
    world, claim = days.world, routes.claim
    old, to = claim.account_id, await world.new_account()
    end = Verb(world.store, moves.take_back)
    await end(to, await offer(world, claim, to), by=BY)
    told = {account_id: await said(world, account_id) for account_id in (old, to)}
    assert told[old][-2:] == [("move.offered", BY.name), ("move.ended", f"account:{to.hex}")]
    assert told[to] == [("move.offered", f"account:{old.hex}"), ("move.ended", BY.name)]
    moved = await accept(world, to, await offer(world, claim, to))
    assert (await said(world, old))[-1] == ("prefix.moved", f"account:{to.hex}")
    read = partial(world.reader.events, to, moved.id, after=0, limit=1000)
    before = [one for one in await read() if one.kind == "prefix.created"]
    assert [(one.actor, one.request_id) for one in before] == [(f"account:{old.hex}", "")]
    by_the_operator = [one for one in await read(whole=True) if one.kind == "prefix.created"]
    assert [one.actor for one in by_the_operator] == [BY.name]
    back = await on_word(world, moved, old)  # whose own it is again
    read = partial(world.reader.events, old, back.id, after=0, limit=1000)
    assert [one.actor for one in await read() if one.kind == "prefix.created"] == [BY.name]


async def said(world: World, account_id: UUID) -> list[tuple[str, str]]:
    """What was said in an account's feed, and of whom."""
    found = await world.reader.account_events(account_id, after=0, limit=1000)
    return [(one.event.kind, one.event.actor) for one in found]
