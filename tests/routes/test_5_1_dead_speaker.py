"""Routes 5.1: a dead speaker is said at once, and what nothing confirms is not shown as seen."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import Neighbour
from byoip.store.routes.held_and_seen import WORD_HOLDS
from byoip.store.routes.views import Observed
from byoip.worker.leading import WARN_SECONDS
from byoip.worker.pace import Pace
from tests.announcing import OURS, PEER, Fleet, listener, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.real.edge import ROUTER, running_edge
from tests.routes.judging import FLAWLESS, Judge, named

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
        judge = Judge(fleet, edge)
        await judge.announce(*prefixes)
        await edge.until_seen(*prefixes)
        await until(fleet.settled)
        await until(lambda: shown(fleet, prefixes[0], value=True))
        await until(lambda: fed_by_one(fleet))
        edge.daemons["one"].kill()
        began = time.monotonic()
        await until(lambda: is_down(fleet, "one"))
        _LOG.info("5.1: alarm after %.1f s; goal: 2 s", time.monotonic() - began)
        ((_, detail),) = await down(fleet)
        assert f"neighbours: {ROUTER}" in detail
        assert "routes: 3" in detail
        await until(lambda: no_longer_confirmed(fleet, prefixes[0]))
        _LOG.info("5.1: observed is null after %.1f s; goal: 5 s", time.monotonic() - began)
        await until(lambda: fed_by_none(fleet))
        edge.daemons["one"].start()
        await until(lambda: shown(fleet, prefixes[0], value=True))
        await until(lambda: nothing_down(fleet))
        await edge.until_seen(*prefixes)
        lost = sorted(map(str, prefixes))  # with the speaker, which had no twin; once
        assert named(await judge.lists()) == FLAWLESS | {"lost": lost}


def test_its_goals_are_kept_by_what_is_waited_for() -> None:
    """A dead process refuses at once: till then only pauses pass, on a machine that has time."""
    assert Pace().probe + WARN_SECONDS <= 2
    assert WORD_HOLDS.total_seconds() <= 5


async def no_longer_confirmed(fleet: Fleet, prefix: Prefix) -> bool:
    """Whether nothing is shown; it is so if its confirmation is old, by the database's clock."""
    before = await now(fleet)
    found = await observed(fleet, prefix)
    assert found.at is not None
    if found.advertised is None:
        assert await now(fleet) - found.at >= WORD_HOLDS
        return True
    assert before - found.at < WORD_HOLDS
    return False


async def now(fleet: Fleet) -> datetime:
    ((at,),) = await fleet.ask("SELECT clock_timestamp()")
    assert isinstance(at, datetime)
    return at


@dataclass
class Hanging(FakeSpeaker):
    """Once killed, it leaves every question but the first one without an end."""

    vain: int = 0

    async def _answer(self, *asked: Any, **more: Any) -> None:
        self.vain += not self._alive
        if self.vain > 1:
            await asyncio.Event().wait()
        await super()._answer(*asked, **more)


async def test_one_question_in_vain_is_enough(fleet: Fleet) -> None:
    one = Hanging("one", OURS, [Neighbour(PEER, Asn(64501), enabled=False, established=False)])
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with reconciling(fleet, one, listeners=[listener(one)]):
        await until(fleet.settled)
        await until(lambda: shown(fleet, prefix, value=True))
        one.kill()
        await until(lambda: is_down(fleet, "one"))
        ((_, detail),) = await down(fleet)
        assert f"neighbours: {PEER}; routes: 1" in detail


async def is_down(fleet: Fleet, name: str) -> bool:
    return [subject for subject, _ in await down(fleet)] == [name]


async def fed_by_one(fleet: Fleet) -> bool:
    return await fleet.alarms("fed_by_one") == {ROUTER}


async def fed_by_none(fleet: Fleet) -> bool:
    """Whether the alarm says it, though its session was up when the speaker last answered."""
    rows = await fleet.ask("SELECT subject, detail FROM route_alarms WHERE kind = 'fed_by_one'")
    return rows == [(ROUTER, "by no speaker now")]


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
        await until(lambda: shown(fleet, prefix, value=True))
        one.kill()
        await until(lambda: no_longer_confirmed(fleet, prefix))
