"""Routes 5.1: a dead speaker is said at once, and what nothing confirms is not shown as seen."""

import logging
import time
from datetime import timedelta

import pytest

from byoip.domain.prefix import Prefix
from byoip.store.routes.views import Observed
from byoip.worker.pace import Pace
from tests.announcing import Fleet, listener, reconciling, speaker, until
from tests.real.edge import ROUTER, running_edge

_LOG = logging.getLogger(__name__)


async def observed(fleet: Fleet, prefix: Prefix) -> Observed:
    async with fleet.store.transaction() as tx:
        claim, _, one = fleet.ids[prefix]
        row = await tx.bgp_prefixes.get(claim, one)
        return (await tx.bgp_prefixes.view(row, 1)).observed


async def shown(fleet: Fleet, prefix: Prefix, value: bool | None) -> bool:
    return (await observed(fleet, prefix)).advertised is value


async def down(fleet: Fleet) -> list[tuple[str, str]]:
    return await fleet.ask("SELECT subject, detail FROM route_alarms WHERE kind = 'speaker_down'")


@pytest.mark.real
async def test_a_killed_speaker_is_named_with_its_neighbours_and_routes(fleet: Fleet) -> None:
    prefixes = await fleet.add("31.0.0.0/24", "31.0.1.0/24", "31.0.2.0/24")
    async with (
        running_edge("one") as edge,
        reconciling(fleet, *edge.speakers.values(), listeners=[edge.listener], pace=Pace()),
    ):
        await fleet.announce(*prefixes)
        await edge.until_seen(*prefixes)
        await until(fleet.settled)
        await until(lambda: shown(fleet, prefixes[0], value=True))
        await until(lambda: fed_by_one(fleet))
        edge.daemons["one"].kill()
        began = time.monotonic()
        await until(lambda: named(fleet, "one"), seconds=20)
        _LOG.info("alarm after %.1f s", time.monotonic() - began)
        ((_, detail),) = await down(fleet)
        assert f"neighbours: {ROUTER}" in detail
        assert "routes: 3" in detail
        await until(lambda: shown(fleet, prefixes[0], value=None), seconds=20)
        _LOG.info("observed is null after %.1f s", time.monotonic() - began)
        assert await fed_by_one(fleet)
        edge.daemons["one"].start()
        await until(lambda: shown(fleet, prefixes[0], value=True))
        await until(lambda: nothing_down(fleet))


async def named(fleet: Fleet, name: str) -> bool:
    return [subject for subject, _ in await down(fleet)] == [name]


async def fed_by_one(fleet: Fleet) -> bool:
    return await fleet.alarms("fed_by_one") == {ROUTER}


async def nothing_down(fleet: Fleet) -> bool:
    return not await down(fleet)


async def test_what_is_seen_stays_confirmed_between_two_looks(fleet: Fleet) -> None:
    """The looks are a minute apart; an observation holds for five seconds."""
    one = speaker("one")
    ear = listener(one)
    (prefix,) = await fleet.add("31.0.0.0/24")
    pace = Pace(every=timedelta(seconds=60), probe=0.2)
    async with reconciling(fleet, one, listeners=[ear], pace=pace):
        await fleet.announce(prefix)
        await until(fleet.settled)
        await until(lambda: shown(fleet, prefix, value=True))
        await fleet.do("UPDATE listeners SET answered_at = now() - interval '1 hour'")
        await fleet.do("UPDATE observed_routes SET at = now() - interval '1 hour'")
        await until(lambda: shown(fleet, prefix, value=True), seconds=20)
        one.kill()
        await until(lambda: shown(fleet, prefix, value=None), seconds=20)
