"""Trust, 4.4: links and sessions by which nobody comes in any more do not stay for ever."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.store.accounts.past_sign_ins import prune
from byoip.store.accounts.people_reader import PeopleReader
from byoip.usecases.accounts import people
from tests.api.world import World
from tests.fakes.backend import RandomHex
from tests.store.samples import BY
from tests.web.browser import Browser, link_for, signed_in

MONTH, HOUR = timedelta(days=30), timedelta(hours=1)


async def kept(engine: AsyncEngine) -> tuple[int, int]:
    """How many links, and sessions."""
    counts = "SELECT (SELECT count(*) FROM sign_in_links), (SELECT count(*) FROM browser_sessions)"
    async with engine.connect() as connection:
        links, sessions = (await connection.execute(text(counts))).one()
    return links, sessions


@pytest.mark.parametrize("leaves", [True, False], ids=["ended", "expired"])
async def test_4_4_who_comes_and_goes_fills_no_table(
    world: World, engine: AsyncEngine, *, leaves: bool
) -> None:
    await signed_in(world, Role.OPERATOR, name="Grace")
    person, code = await link_for(world)
    for _ in range(4):
        browser = Browser(world.client)
        assert (await browser.enter(code)).status_code == 303
        if leaves:
            await browser.send(await browser.form("/ui/people", "/ui/leave"))
        world.clock.advance(HOUR)
        async with world.store.transaction(actor=BY) as tx:
            made = await people.link(
                tx, world.account_id, person, mint=RandomHex(), reason="comes again"
            )
        code = made.token
    assert await kept(engine) == (6, 5)
    assert await prune(engine, world.clock.now() + MONTH - timedelta(days=1), page=2) == 0

    world.clock.advance(MONTH)
    here = await signed_in(world, name="Ada's successor")
    assert await prune(engine, world.clock.now() + timedelta(days=1), page=2) == 6 + 3

    assert await kept(engine) == (1, 3), "the newest link, and the last session of each"
    assert (await here.get("/ui/people")).status_code == 200
    assert await PeopleReader(engine, world.clock).an_operator_came(), "so none is let in again"
