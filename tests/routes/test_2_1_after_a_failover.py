"""Routes 2.1: after a failover without loss, a withdrawal of before is on record still."""

import pytest

from byoip.domain.prefix import Prefix
from tests.announcing import Fleet, reconciling, until
from tests.failover.test_2_2_settings_on_their_way import PROMOTED
from tests.real.edge import Edge, running_edge
from tests.routes.judging import FLAWLESS, Judge
from tests.routes.test_2_1_seen_by_a_router import PACE, recorded

pytestmark = pytest.mark.real

NOTHING_LOST = """
    INSERT INTO witnesses (process, name, seen_at, identity, good, bounded)
    VALUES (gen_random_uuid(), 'a:1', now(), database_identity(), true, true)
"""


async def test_the_last_route_withdrawn_before_it_leaves_the_router(fleet: Fleet) -> None:
    (only,) = await fleet.add("31.0.0.0/24")
    async with running_edge("one", graceful=True) as edge:
        judge = Judge(fleet, edge)
        await fail_over(judge, [only], only)
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE):
            await edge.until_gone(only, seconds=20)
            assert await judge.lists() == FLAWLESS


async def test_a_speaker_comes_up_without_what_was_withdrawn_before_it(fleet: Fleet) -> None:
    """Its twin stays away, and is on record with that route."""
    kept, gone = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with running_edge("one", "two", graceful=True) as edge:
        judge = Judge(fleet, edge)
        await fail_over(judge, [kept, gone], gone)
        async with reconciling(fleet, *edge.speakers.values(), stages=[1, 1], pace=PACE):
            await until(lambda: edge.router.is_up("one"), seconds=20)
            await until(lambda: "[one " in edge.router.shows(kept), seconds=20)
            await until(lambda: "[one " not in edge.router.shows(gone), seconds=20)


async def fail_over(judge: Judge, routes: list[Prefix], gone: Prefix) -> None:
    """All speakers die, one route is withdrawn, the database fails over, and `one` is back."""
    fleet, edge = judge.fleet, judge.edge
    stages = [1] * len(edge.speakers)
    async with reconciling(fleet, *edge.speakers.values(), stages=stages, pace=PACE):
        await judge.announce(*routes)
        await edge.until_seen(*routes)
        for name in edge.speakers:
            await until(lambda name=name: recorded(fleet, name, len(routes)))  # type: ignore[misc]
        kill(edge)
        await judge.withdraw(gone)
    await fleet.do(PROMOTED)
    await fleet.do(NOTHING_LOST)
    edge.daemons["one"].start()


def kill(edge: Edge) -> None:
    for daemon in edge.daemons.values():
        daemon.kill()
