"""Rises of levels and re-keyings that count no more are deleted; what is open stays."""

from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa

from byoip.domain.watch.validity import LONGEST
from byoip.store.watch.past_watches import prune
from byoip.store.watch.tables import level_rises, registry_rekeys
from tests.usecases.world import World
from tests.watching import DAY, HOUR

SETTLED = ("released", "dropped", "recovered")
LONG = timedelta(days=90)


async def test_what_is_past_is_deleted_in_pages(world: World) -> None:
    claim, now = await world.approved(), world.clock.now()
    rises: list[tuple[str, timedelta, timedelta | None]]
    rises = [("done", 2 * DAY - HOUR, None), ("done", 2 * DAY + HOUR, None)]
    rises += [(state, LONG * 2, LONG + HOUR) for state in SETTLED]
    rises += [(state, LONG * 2, LONG - HOUR) for state in SETTLED]
    rises += [("done", 3 * DAY, None), ("held", LONG * 2, None)]
    async with world.engine.begin() as connection:
        for state, since, settled in rises:
            values = {
                "id": uuid4(),
                "prefix_id": claim.id,
                "registry": "ripencc",
                "signal": "holder" if state == "held" else "roa",
                "level": "warn",
                "at": now - since,
                "state": state,
                "settled_at": None if settled is None else now - settled,
            }
            await connection.execute(sa.insert(level_rises).values(values))
        for number, since in ((1, 2 * LONGEST + HOUR), (2, 2 * LONGEST - HOUR)):
            values = {"snapshot": number, "registry": "arin", "at": now - since, "ids": {"a": "b"}}
            await connection.execute(sa.insert(registry_rekeys).values(values))
    assert await prune(world.engine, now, page=2) == 6
    assert await prune(world.engine, now, page=2) == 0
    async with world.engine.connect() as connection:
        kept = await connection.execute(sa.select(level_rises.c.state).order_by("state"))
        assert [one.state for one in kept] == sorted(["done", "held", *SETTLED])
        left = await connection.execute(sa.select(registry_rekeys.c.snapshot))
        assert [one.snapshot for one in left] == [2]
