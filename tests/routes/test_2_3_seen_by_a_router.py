"""Routes 2.3: what a real router sees of a restore whose backup has forgotten withdrawals."""

import asyncio

import pytest

from byoip.usecases.speakers.release_routes import ReleaseRoutes
from tests.announcing import Fleet, reconciling, until
from tests.real.edge import running_edge
from tests.routes.judging import FLAWLESS, Judge
from tests.routes.test_2_1_seen_by_a_router import PACE, recorded, restart
from tests.routes.test_2_3_nothing_that_is_not_up import BY, restore, waiting

pytestmark = pytest.mark.real


async def test_it_announces_what_is_up_and_the_rest_once_an_operator_releases_it(
    fleet: Fleet,
) -> None:
    (kept,) = await fleet.add("31.0.0.0/24")
    async with running_edge("one", "two", graceful=True) as edge:
        judge, speakers = Judge(fleet, edge), edge.speakers.values()
        async with reconciling(fleet, *speakers, listeners=[edge.listener], pace=PACE):
            await judge.announce(kept)
            await edge.until_seen(kept)
            await until(fleet.settled)
            await until(lambda: recorded(fleet, "two", 1))
        again, gone = await fleet.add("31.0.1.0/24", "31.0.2.0/24", advertised=True)
        judge.may_go(again, gone)  # as their owners said after the backup
        await restore(fleet)
        restart(edge, "two")
        async with reconciling(fleet, *speakers, listeners=[edge.listener], pace=PACE):
            await until(lambda: waits(fleet, str(again), str(gone)))
            await asyncio.sleep(5)  # some full syncs
            assert await judge.lists() == FLAWLESS
            await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now()")
            judge.have_announced(again)  # as its owner tells the operator
            await ReleaseRoutes(fleet.store)(again, reason="case 4711", by=BY)
            await edge.until_seen(kept, again)
            await until(lambda: edge.router.is_up("two"))
            assert await judge.lists() == FLAWLESS
            assert await waits(fleet, str(gone))


async def waits(fleet: Fleet, *cidrs: str) -> bool:
    return await waiting(fleet) == set(cidrs)
