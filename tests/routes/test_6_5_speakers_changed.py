"""Routes 6.5: a stage gets another number, a speaker another AS, neighbours are not admin-down.

That a speaker is removed is a row of `tests/failover/test_4_matrix.py`.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import pytest

from byoip.domain.prefix import Prefix
from byoip.worker.pace import Pace
from tests.announcing import Fleet, reconciling, until
from tests.real.edge import ROUTER, SPEAKERS_AS, Edge, running_edge
from tests.routes.judging import FLAWLESS, Judge
from tests.routes.rolling_back import put_back_in, snapshot_kept
from tests.routes.scenarios import until_it_answers
from tests.routes.test_3_1_revision import apply, in_force, stands

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]

PACE = Pace(every=timedelta(seconds=1), probe=0.25)
OTHER_AS = 64999


@asynccontextmanager
async def announced(
    fleet: Fleet, *, admin_down: bool = True
) -> AsyncIterator[tuple[Judge, list[Prefix], int]]:
    """Ten routes wanted at two stages, and a snapshot of them; no worker runs yet."""
    prefixes = await fleet.add(*(f"31.0.{number}.0/24" for number in range(12)))
    async with running_edge("one", "two", graceful=True, admin_down=admin_down) as edge:
        judge = Judge(fleet, edge)
        async with working(fleet, edge):
            await judge.announce(*prefixes[:10])
            await until(lambda: fed(edge, prefixes[:10]))
            await until(fleet.settled)
            number = await snapshot_kept(fleet)
        yield judge, prefixes, number


def working(fleet: Fleet, edge: Edge, *stages: int) -> AbstractAsyncContextManager[None]:
    """A worker; it proposes these stages, if any."""
    return reconciling(
        fleet,
        *edge.speakers.values(),
        listeners=[edge.listener],
        pace=PACE,
        stages=stages or None,
        only_proposes=bool(stages),
    )


async def owners_go_on(judge: Judge, up: list[Prefix], new: list[Prefix]) -> None:
    """One route goes, two come."""
    gone, *kept = up
    await judge.withdraw(gone)
    await judge.announce(*new)
    await until(lambda: fed(judge.edge, [*kept, *new]))
    await until(judge.fleet.settled)
    await judge.edge.until_gone(gone)
    await until_it_answers(judge.edge, judge.ledger)


async def test_a_stage_with_another_number_changes_no_route(fleet: Fleet) -> None:
    async with announced(fleet) as (judge, prefixes, number):
        noted = judge.edge.router.noted()
        async with working(fleet, judge.edge, 7, 3):
            await until(lambda: stands(fleet, "settings_differ", "stage: 1 -> 7"))
            await apply(fleet)
            await until(lambda: in_force(fleet, 2))
            await until(lambda: quiet(fleet))
            assert judge.edge.router.changes(after=noted) == []
            await owners_go_on(judge, prefixes[:10], prefixes[10:])
            assert await judge.lists() == FLAWLESS
            await put_back_in(judge, number)


async def test_a_speaker_that_comes_back_with_another_as_costs_its_own_feed_only(
    fleet: Fleet,
) -> None:
    async with announced(fleet) as (judge, prefixes, number), working(fleet, judge.edge):
        two = judge.edge.daemons["two"]
        await until(lambda: judge.edge.router.is_up("two"))
        for asn in (OTHER_AS, SPEAKERS_AS.number):
            two.kill()
            two.renumber(asn)
            two.start()
            if asn == OTHER_AS:
                await until(lambda: named(fleet, "fed_by_one", ROUTER))
                await judge.withdraw(prefixes[9])
                await judge.edge.until_gone(prefixes[9], seconds=20)
        await until(lambda: fed(judge.edge, prefixes[:9]))
        await owners_go_on(judge, prefixes[:9], prefixes[10:])
        await until(lambda: quiet(fleet))
        assert await judge.lists() == FLAWLESS
        await put_back_in(judge, number)


async def test_neighbours_that_are_not_admin_down_cost_their_own_feed_only(fleet: Fleet) -> None:
    """Their sessions come up with an empty table, which takes away what graceful restart kept."""
    async with (
        announced(fleet, admin_down=False) as (judge, prefixes, number),
        working(fleet, judge.edge),
    ):
        for name in ("one", "two"):
            judge.edge.daemons[name].kill()
            await until(lambda name=name: named(fleet, "speaker_down", name))  # type: ignore[misc]
            judge.edge.daemons[name].start()
            await until(lambda: fed(judge.edge, prefixes[:10]))
            await until(lambda: quiet(fleet, {"not_admin_down"}))
        assert await fleet.alarms("not_admin_down") == {"one", "two"}
        await owners_go_on(judge, prefixes[:10], prefixes[10:])
        assert await judge.lists() == FLAWLESS
        await put_back_in(judge, number)


async def fed(edge: Edge, wanted: list[Prefix]) -> bool:
    """Whether the router has each from both, in sessions that are up."""
    up = edge.router.is_up("one") and edge.router.is_up("two")
    return up and all(edge.router.shows(one).count("BGP.next_hop") == 2 for one in wanted)


async def named(fleet: Fleet, kind: str, subject: str) -> bool:
    return await fleet.alarms(kind) == {subject}


async def quiet(fleet: Fleet, standing: Collection[str] = ()) -> bool:
    """Whether there are no alarms but of these kinds."""
    alarms = await fleet.ask("SELECT kind FROM route_alarms")
    return {kind for (kind,) in alarms} == set(standing)
