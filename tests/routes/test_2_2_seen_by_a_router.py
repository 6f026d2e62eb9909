"""Routes 2.2: orphans at a real gobgpd, and what a real router has of them meanwhile."""

import asyncio

import pytest

from tests.announcing import Fleet, path, reconciling, until
from tests.real.edge import Edge, running_edge
from tests.routes.judging import FLAWLESS, named
from tests.routes.test_2_1_opening import detail, says, stands
from tests.routes.test_2_1_seen_by_a_router import OTHERS, PACE, filled, restart
from tests.routes.test_2_2_orphans import decide_all

pytestmark = pytest.mark.real


async def test_a_fresh_database_remembers_what_a_speaker_held_until_a_person_decides(
    fleet: Fleet,
) -> None:
    lost, *kept = OTHERS
    (new,) = await fleet.add("31.0.0.0/24")
    async with running_edge("one", graceful=True) as edge:
        judge = await filled(fleet, edge, "one")
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE, known=False):
            await until(lambda: says(fleet, "strange_routes", f"it held {len(OTHERS)} routes"))
            await until(lambda: orphans(fleet, len(OTHERS)))
            await asyncio.sleep(3)  # some full syncs
            assert await judge.lists() == FLAWLESS
            await edge.speakers["one"].withdraw([path(lost)])  # another client
            await until(lambda: stands(fleet, "no_longer_held", "one"))
            assert str(lost) in await detail(fleet, "no_longer_held")
            restart(edge, "one")
            await until(lambda: stands(fleet, "sessions_shut", "one"))
            await until(lambda: says(fleet, "sessions_shut", f"it lacks {len(OTHERS)} routes"))
            assert await orphans(fleet, len(OTHERS)), "held or not"
            assert all(map(edge.router.shows, kept))
            assert losses(edge) == {str(lost)}
            judge.may_go(*OTHERS)
            await decide_all(fleet, "one", len(OTHERS))
            await until(lambda: stands(fleet, "sessions_shut"))
            await until(lambda: orphans(fleet, 0))
            await judge.announce(new)  # the first one that this database has: it opens
            await edge.until_seen(new)
            await edge.until_gone(*OTHERS)
        assert named(await judge.lists()) == FLAWLESS | {"lost": [str(lost)]}


async def orphans(fleet: Fleet, many: int) -> bool:
    return len(await fleet.orphans("one")) == many


def losses(edge: Edge) -> set[str]:
    return {str(one.prefix) for one in edge.router.losses()}
