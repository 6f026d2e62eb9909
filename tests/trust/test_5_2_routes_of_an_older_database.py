"""Trust, 5.2: a route that an older database announced, and that is not up, waits for a PATCH.

So what stands in its way is a blocker, as of any withdrawn route.
"""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes
from tests.api.bound import bound, roas
from tests.api.world import World

UP = {"on_demand": {"advertised": True}}
FLAPS = """
    INSERT INTO withdrawals
    SELECT gen_random_uuid(), b.id, p.account_id, 1000 + number, 'request', '', '', 'a test', '1',
        clock_timestamp()
    FROM bgp_prefixes b JOIN prefixes p ON p.id = b.prefix_id, generate_series(1, 7) AS number
    WHERE b.id = :id
"""
WAITS = (
    "INSERT INTO unreleased_routes SELECT id, change, now(), NULL FROM bgp_prefixes WHERE id = :id"
)


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("name", ["announced_too_often", "prepend_would_remove"])
async def test_5_2_what_refuses_it_is_a_blocker(
    world: World, engine: AsyncEngine, tmp_path: Path, name: str, *, waits: bool
) -> None:
    path, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    lost_as, prepend = (64500, 2) if name == "prepend_would_remove" else (None, 0)
    now = world.clock.now()
    await Routes(engine).note_speaker(SpeakerState("one", 1, "", 0, now, loaded=True))
    await world.result("PATCH", route, json={**UP, "asn_prepend_count": prepend})
    state = SpeakerState("one", 1, "", 0, now, loaded=True, prepends_lost_as=lost_as)
    await Routes(engine).note_speaker(state)
    async with engine.begin() as connection:
        for statement in [*([] if lost_as else [FLAPS]), *([WAITS] if waits else [])]:
            await connection.execute(text(statement), {"id": UUID(route.rpartition("/")[2])})

    shown = await world.result("GET", path)
    answer = await world.call("PATCH", route, json=UP)

    assert [one["name"] for one in shown["blockers"]] == ([name] if waits else [])
    assert shown["advertisable"] is answer.is_success is not waits
    if waits:
        assert [one["name"] for one in answer.json()["errors"]] == [name]
