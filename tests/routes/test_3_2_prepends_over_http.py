"""Routes 3.2 as customers see it: 409 at the PATCH, and nothing is changed."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes
from tests.api.bound import bound, roas
from tests.api.conftest import document, judge, own_engine, world
from tests.api.world import World

__all__ = ["document", "judge", "own_engine", "world"]  # fixtures

UP, DOWN = {"on_demand": {"advertised": True}}, {"on_demand": {"advertised": False}}
TWICE = {"asn_prepend_count": 2}


@pytest.fixture
def engine(own_engine: AsyncEngine) -> AsyncEngine:
    return own_engine


async def test_prepends_are_refused_while_a_speaker_feeds_a_router_of_that_as(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    _, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)

    async def found(lost_as: int | None) -> None:
        now = world.clock.now()
        state = SpeakerState("one", 1, "", 0, now, loaded=True, prepends_lost_as=lost_as)
        await Routes(engine).note_speaker(state)

    async def refused(body: object) -> bool:
        before = await world.result("GET", route)
        answer = await world.call("PATCH", route, json=body)
        if answer.is_success:
            return False
        assert answer.status_code == 409
        [error] = answer.json()["errors"]
        assert error["name"] == "prepend_would_remove"
        assert "AS64500" in error["message"]
        assert error["source"] == {"pointer": "/asn_prepend_count"}
        assert await world.result("GET", route) == before
        return True

    await found(64500)
    assert await refused({**UP, **TWICE})
    assert not await refused(UP)
    assert await refused(TWICE)
    assert not await refused({**DOWN, **TWICE})  # a withdrawal is never refused for it
    assert await refused(UP)
    await found(64501)  # another AS of the operator's
    assert not await refused(UP)
    await found(64500)
    assert not await refused({"asn_prepend_count": 0})
    assert await refused(TWICE)
    await found(None)
    assert not await refused(TWICE)
