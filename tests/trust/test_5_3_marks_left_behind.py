"""Trust, 5.3: marks that an older version left behind go with the migration, with their events."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing
from tests.trust.contests import last_event, prove, require_rivals, reserve, rival, stands
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

STATEMENT = Path(__file__).parents[2] / "migrations" / "versions" / "0011_contests.sql"


async def migrated(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(STATEMENT.read_text())


async def mark(world: World, claim: Claim) -> None:
    """As it was left when its last rival went."""
    async with world.store.transaction() as tx:
        locked = await tx.claims.lock(claim.id)
        await tx.claims.save(replace(locked, standing=Standing.CONTESTED))


async def test_marks_without_a_rival_go_and_others_stay(
    world: World, world_engine: AsyncEngine
) -> None:
    left = [await world.approved(f"31.1.{number}.0/24") for number in range(3)]
    for one in left:
        await mark(world, one)
    holder = await world.approved()
    other = await rival(world)
    reserved = await world.claim("31.2.0.0/24", account_id=await world.new_account())
    await reserve(world, "31.2.0.0/24")
    await prove(world, reserved)
    before = [len(await world.events(one)) for one in left]
    await migrated(world_engine)
    for one, events in zip(left, before, strict=True):
        assert await stands(world, one) is Standing.OK
        told = await last_event(world, one)
        assert (told.number, told.kind) == (events + 1, "prefix.ok")
        assert told.after == {"standing": "ok", "because": "no rival is left"}
    for one in (holder, other, reserved):
        assert await stands(world, one) is Standing.CONTESTED
    await require_rivals(world, [*left, holder, other])
    whole = await world.reader.account_events(world.account_id, after=0, limit=1000)
    assert [one.number for one in whole] == list(range(1, len(whole) + 1))
    await migrated(world_engine)
    assert [len(await world.events(one)) for one in left] == [one + 1 for one in before]
