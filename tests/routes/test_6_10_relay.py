"""Routes 6.10: a speaker behind a relay that stalls, and one that loses connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.prefix import Prefix
from byoip.worker.pace import Pace
from tests.announcing import Fleet, reconciling, until
from tests.real.edge import Edge, running_edge
from tests.routes.judging import FLAWLESS, Judge
from tests.routes.relay import Relay, relay
from tests.routes.rolling_back import put_back_in, snapshot_kept

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]

PACE = Pace(every=timedelta(seconds=1), probe=0.25)
_STALLED_SECONDS = 12.0  # for longer than any call, and than a lease


@asynccontextmanager
async def behind_a_relay(fleet: Fleet) -> AsyncIterator[tuple[Judge, Relay, list[Prefix]]]:
    """Twenty routes at two stages, the first one behind a relay."""
    prefixes = await fleet.add(*(f"31.0.{number}.0/24" for number in range(20)))
    async with (
        running_edge("one", "two") as edge,
        relay(edge.daemons["one"].target) as between,
    ):
        far = GobgpSpeaker("one", between.target)
        async with reconciling(
            fleet, far, edge.speakers["two"], listeners=[edge.listener], pace=PACE, lease=5
        ):
            judge = Judge(fleet, edge)
            await judge.announce(*prefixes)
            await edge.until_seen(*prefixes)
            await until(fleet.settled)
            number = await snapshot_kept(fleet)
            yield judge, between, prefixes
            assert await judge.lists() == FLAWLESS
            await put_back_in(judge, number)
        await far.close()


async def test_what_was_wanted_while_it_stalls_is_carried_out_and_nothing_older(
    fleet: Fleet,
) -> None:
    """What it held back comes late: also a withdrawal that its owner has taken back meanwhile."""
    async with behind_a_relay(fleet) as (judge, between, prefixes):
        gone, back = prefixes[:5], prefixes[5:10]
        between.moving.clear()
        await judge.withdraw(*gone, *back)
        await until(lambda: named(fleet))
        await asyncio.sleep(_STALLED_SECONDS)
        await judge.announce(*back)
        between.moving.set()
        await carried_out(fleet, judge.edge, set(prefixes) - set(gone))


async def test_where_it_loses_connections_all_is_carried_out_at_last(fleet: Fleet) -> None:
    async with behind_a_relay(fleet) as (judge, between, prefixes):
        between.loss = 0.3
        for number in range(4):
            flapping = prefixes[number * 5 : number * 5 + 5]
            await judge.withdraw(*flapping)
            await asyncio.sleep(2)
            if number % 2:
                await judge.announce(*flapping)
        await until(lambda: between.lost > 20)
        await until(lambda: named(fleet))
        between.loss = 0.0
        await carried_out(fleet, judge.edge, {*prefixes[5:10], *prefixes[15:]})


async def named(fleet: Fleet) -> bool:
    return await fleet.alarms("speaker_down") == {"one"}


async def carried_out(fleet: Fleet, edge: Edge, wanted: set[Prefix]) -> None:
    """Return once both hold just this, and nothing is wrong any more."""
    for speaker in edge.speakers.values():

        async def holds(speaker: GobgpSpeaker = speaker) -> bool:
            return {path.prefix for path in await speaker.held()} == wanted

        await until(holds)
    await until(fleet.settled)

    async def quiet() -> bool:
        return await fleet.ask("SELECT kind, subject, detail FROM route_alarms") == []

    await until(quiet)
