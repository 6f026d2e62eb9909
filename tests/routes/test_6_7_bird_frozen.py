"""Routes 6.7: the router that listens is frozen (SIGSTOP), for less or more than a hold time."""

from datetime import timedelta

import pytest

from byoip.domain.prefix import Prefix
from byoip.worker.pace import Pace
from tests.announcing import Fleet, reconciling, until
from tests.real.edge import ROUTER, Edge, running_edge
from tests.routes.judging import FLAWLESS, Judge
from tests.routes.rolling_back import put_back_in, snapshot_kept
from tests.routes.scenarios import until_it_answers
from tests.routes.test_5_1_dead_speaker import shown

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]

PACE = Pace(every=timedelta(seconds=1), absent_for=timedelta(seconds=4), probe=0.25)


@pytest.mark.parametrize("for_long", [False, True])
async def test_withdrawals_do_not_wait_for_it_and_nothing_else_goes(
    fleet: Fleet, *, for_long: bool
) -> None:
    prefixes = await fleet.add(*(f"31.0.{number}.0/24" for number in range(12)))
    up, new = prefixes[:10], prefixes[10:]
    gone, kept = up[:3], up[3:]
    async with (
        running_edge("one", "two") as edge,
        reconciling(fleet, *edge.speakers.values(), listeners=[edge.listener], pace=PACE),
    ):
        judge = Judge(fleet, edge)
        await judge.announce(*up)
        await edge.until_seen(*up)
        await until(fleet.settled)
        number = await snapshot_kept(fleet)
        edge.router.suspend()
        await judge.withdraw(*gone)
        await judge.announce(*new)
        for name in edge.speakers:
            await until(lambda name=name: lacks(edge, name, gone))  # type: ignore[misc]
        if for_long:
            # By the speakers' own word: no session is left that carries it.
            await until(lambda: shown(fleet, kept[0], value=False))
            await until(lambda: fed_by_none(fleet))
        assert {path.prefix for path in await edge.speakers["two"].held()} >= set(kept)
        edge.router.resume()
        await until(fleet.settled)
        await until(lambda: quiet(fleet))
        await edge.until_seen(*kept, *new)
        await until_it_answers(edge, prefixes)
        lists = await judge.lists()
        if for_long:  # what the router itself threw away with its sessions, once
            lost = sorted(one.split()[0] for one in lists.pop("lost"))
            assert lost == sorted(map(str, [*kept, *new]))
        assert lists == {name: FLAWLESS[name] for name in lists}
        await put_back_in(judge, number)


async def lacks(edge: Edge, name: str, gone: list[Prefix]) -> bool:
    return not {path.prefix for path in await edge.speakers[name].held()} & set(gone)


async def fed_by_none(fleet: Fleet) -> bool:
    """Whether the alarm says it: its sessions have ended on our side."""
    rows = await fleet.ask("SELECT subject, detail FROM route_alarms WHERE kind = 'fed_by_one'")
    return rows == [(ROUTER, "by no speaker now")]


async def quiet(fleet: Fleet) -> bool:
    return await fleet.ask("SELECT kind, subject, detail FROM route_alarms") == []
