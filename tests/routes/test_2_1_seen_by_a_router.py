"""Routes 2.1: what a real router keeps of a gobgpd that restarts, while its sessions stay shut."""

import asyncio
from datetime import timedelta

import pytest

from byoip.composition.speaking import neighbour_notes
from byoip.domain.prefix import Prefix
from byoip.settings.model import Settings
from byoip.worker.pace import Pace
from tests.announcing import Fleet, path, reconciling, until
from tests.real.edge import ROUTER, Edge, running_edge
from tests.routes.judging import FLAWLESS, Judge, named
from tests.routes.test_2_1_opening import detail, order, says, stands

pytestmark = pytest.mark.real

PACE = Pace(every=timedelta(seconds=1), rest=0, absent_for=timedelta(seconds=10), probe=0.25)
OTHERS = [Prefix.parse(f"31.9.{number}.0/24") for number in range(200)]


async def filled(fleet: Fleet, edge: Edge, *names: str) -> Judge:
    """Speakers announce what this database does not know, as after a loss of all its rows.

    The ledger knows it still.
    """
    judge = Judge(fleet, edge)
    judge.have_announced(*OTHERS)
    for name in names:
        await edge.speakers[name].announce([path(one) for one in OTHERS])
    await edge.up(*names)
    await edge.until_seen(*OTHERS)
    return judge


async def test_an_empty_database_with_one_route_loses_nothing_at_the_router(fleet: Fleet) -> None:
    (new,) = await fleet.add("31.0.0.0/24")
    async with running_edge("one", graceful=True) as edge:
        judge = await filled(fleet, edge, "one")
        restart(edge, "one")  # before any worker of this database has seen it
        await edge.until_it_answers("one")
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE, known=False):
            await judge.announce(new)
            await until(lambda: holds(edge, "one", {new}))
            await until(lambda: stands(fleet, "sessions_shut", "one"))
            await asyncio.sleep(5)  # ten full syncs
            assert all(map(edge.router.shows, OTHERS))
            assert not edge.router.shows(new)
            late = [str(new)]  # as long as nobody decides, which the alarm calls for
            assert named(await judge.lists()) == FLAWLESS | {"not carried out": late}
            judge.may_go(*OTHERS)
            await order(fleet, "one")
            await edge.until_seen(new)
            await edge.until_gone(*OTHERS)
            assert await judge.lists() == FLAWLESS


@pytest.mark.long
async def test_with_a_twin_up_it_stays_shut_after_the_restart_time(fleet: Fleet) -> None:
    (new,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with running_edge("one", "two", graceful=True, restart_seconds=22) as edge:
        judge = await filled(fleet, edge, "one", "two")
        judge.have_announced(new)
        speakers = edge.speakers.values()
        async with reconciling(fleet, *speakers, stages=[1, 1], pace=PACE):
            await edge.until_seen(new)
            await until(lambda: recorded(fleet, "one", 201))
            restart(edge, "one")
            await until(lambda: stands(fleet, "sessions_shut", "one"))
            assert "it lacks 200 routes" in await detail(fleet, "sessions_shut")
            await until(lambda: says(fleet, "sessions_shut", "in 0 s; others of its stage"))
            await until(lambda: not edge.router.is_up("one"))
            assert [one.enabled for one in await edge.speakers["one"].neighbours()] == [False]
        assert edge.router.losses() == []
        assert await judge.lists() == FLAWLESS


async def test_without_a_twin_it_opens_before_the_router_drops_all(fleet: Fleet) -> None:
    (kept,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with running_edge("one", graceful=True, restart_seconds=25) as edge:
        judge = await filled(fleet, edge, "one")
        judge.have_announced(kept)
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE):
            await edge.until_seen(kept)
            await until(lambda: recorded(fleet, "one", 201))
            restart(edge, "one")
            await until(lambda: stands(fleet, "sessions_shut", "one"))
            assert all(map(edge.router.shows, [kept, *OTHERS]))
            await until(lambda: says(fleet, "no_longer_held", "it lacks 200 routes"))
            await edge.until_gone(*OTHERS)
            assert edge.router.shows(kept)
        assert kept not in {one.prefix for one in edge.router.losses()}
        lost = sorted(map(str, OTHERS))  # what the alarm counts, each once
        assert named(await judge.lists()) == FLAWLESS | {"lost": lost, "not carried out": lost}


async def test_what_is_loaded_in_full_opens_by_itself(fleet: Fleet) -> None:
    prefixes = await fleet.add(*(str(one) for one in OTHERS), advertised=True)
    async with running_edge("one", graceful=True) as edge:
        judge = Judge(fleet, edge)
        judge.have_announced(*prefixes)
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE):
            await edge.until_seen(*prefixes)
            await until(lambda: recorded(fleet, "one", 200))
            restart(edge, "one")
            await until(lambda: edge.router.is_up("one"))
            await until(lambda: stands(fleet, "sessions_shut"))
        (session,) = await edge.speakers["one"].neighbours()
        assert (session.address, session.restart_seconds) == (ROUTER, 600)
        assert edge.router.losses() == []
        assert await judge.lists() == FLAWLESS


async def test_the_last_route_withdrawn_while_its_speaker_restarts_leaves_the_router(
    fleet: Fleet,
) -> None:
    (only,) = await fleet.add("31.0.0.0/24")
    async with running_edge("one", graceful=True) as edge:
        judge = Judge(fleet, edge)
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE):
            await judge.announce(only)
            await edge.until_seen(only)
            await until(lambda: recorded(fleet, "one", 1))
            edge.daemons["one"].kill()
            await judge.withdraw(only)
            assert edge.router.shows(only)
            edge.daemons["one"].start()
            await edge.until_gone(only)
            assert await judge.lists() == FLAWLESS


async def test_a_restored_database_without_a_route_loses_nothing_at_the_router(
    fleet: Fleet,
) -> None:
    """Its speaker restarts meanwhile; the record is of a moment ago, and knows no route either."""
    (gone,) = await fleet.add("31.0.0.0/24")
    new = OTHERS[0]
    async with running_edge("one", graceful=True) as edge:
        judge = Judge(fleet, edge)
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE):
            await judge.announce(gone)
            await edge.until_seen(gone)
            await judge.withdraw(gone)
            await edge.until_gone(gone)
            await until(lambda: recorded(fleet, "one", 0))
        judge.have_announced(new)  # since the backup
        await edge.speakers["one"].announce([path(new)])
        await edge.until_seen(new)
        restart(edge, "one")
        await edge.until_it_answers("one")
        await fleet.do("UPDATE incarnation SET identity = 'the cluster of then'")
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE):
            await until(lambda: stands(fleet, "restored", "database"))
            await asyncio.sleep(5)  # ten full syncs
            assert await judge.lists() == FLAWLESS


async def test_what_is_missing_and_accepted_leaves_the_router_where_no_route_is_left(
    fleet: Fleet,
) -> None:
    (only,) = await fleet.add("31.0.0.0/24")
    async with running_edge("one", graceful=True) as edge:
        judge = await filled(fleet, edge, "one")
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE):
            await judge.announce(only)
            await edge.until_seen(only)
            await until(lambda: recorded(fleet, "one", 201))
            edge.daemons["one"].kill()
            await judge.withdraw(only)
            edge.daemons["one"].start()
            await until(lambda: stands(fleet, "sessions_shut", "one"))
            assert all(map(edge.router.shows, OTHERS))
            judge.may_go(*OTHERS)
            await order(fleet, "one")
            await edge.until_gone(only, *OTHERS)
            assert await judge.lists() == FLAWLESS


async def test_config_check_names_what_has_less_than_the_recommended_time() -> None:
    async with running_edge("one", graceful=True, restart_seconds=90) as edge:
        target = edge.daemons["one"].target
        asked = [{"name": "one", "address": target}, {"name": "two", "address": "127.0.0.1:1"}]
        said = await neighbour_notes(Settings.model_validate({"speakers": asked}))
        assert f"speaker one: neighbour {ROUTER} keeps its routes for 90 s only" in said[0]
        assert said[1].startswith("speaker two could not be asked")


def restart(edge: Edge, name: str) -> None:
    edge.daemons[name].kill()
    edge.daemons[name].start()


async def holds(edge: Edge, name: str, wanted: set[Prefix]) -> bool:
    return {path.prefix for path in await edge.speakers[name].held()} == wanted


async def recorded(fleet: Fleet, name: str, many: int) -> bool:
    return len(await fleet.routes.records.held(name)) == many
