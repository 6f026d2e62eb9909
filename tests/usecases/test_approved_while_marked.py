"""A claim that is approved while it bears the mark of a contest, whose last rival has gone."""

from sqlalchemy import text

from byoip.domain.claims.lifecycle import Standing
from tests.usecases.world import World


async def test_the_mark_is_taken_away_by_the_run_that_approves(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    async with world.engine.begin() as connection:
        marked = text("UPDATE prefixes SET standing = 'contested' WHERE id = :id")
        await connection.execute(marked, {"id": claim.id})

    await world.validate(claim)

    now = await world.now(claim)
    assert now.approved
    assert now.standing is Standing.OK
