"""Routes 3.1: what a real router sees of changed settings of two gobgpd, one stage each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest

from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Community, PathAttributes
from byoip.worker.pace import Pace
from tests.announcing import MARKING, Fleet, reconciling, until
from tests.real.bird_router import Change
from tests.real.edge import Edge, running_edge
from tests.routes.judging import FLAWLESS, Judge
from tests.routes.test_3_1_revision import apply, in_force, in_state, stands

pytestmark = pytest.mark.real

PACE = Pace(
    every=timedelta(seconds=1),
    rest=0,
    absent_for=timedelta(seconds=4),
    probe=0.25,
    second_after=timedelta(seconds=1),
)
CHANGED = replace(
    MARKING,
    next_hop4=ip_address("192.0.2.9"),  # type: ignore[arg-type]
    communities=frozenset({Community(64500, 9)}),
)
CIDRS = [f"31.9.{number}.0/24" for number in range(200)]


@asynccontextmanager
async def announced(
    fleet: Fleet, imports: str = "all"
) -> AsyncIterator[tuple[Edge, Judge, list[Prefix]]]:
    """Two hundred routes at both stages; then another worker, whose file has changed settings."""
    prefixes = await fleet.add(*CIDRS, advertised=True)
    async with running_edge("one", "two", graceful=True, imports=imports) as edge:
        judge = Judge(fleet, edge)
        judge.have_announced(*prefixes)
        speakers, ears = edge.speakers.values(), [edge.listener]
        async with reconciling(fleet, *speakers, listeners=ears, pace=PACE):
            await edge.until_seen(*prefixes)
            await until(fleet.settled)
            await until(lambda: edge.router.is_up("one") and edge.router.is_up("two"))
            await until(lambda: all(_paths(edge, one) == 2 for one in prefixes))
        async with reconciling(
            fleet, *speakers, listeners=ears, pace=PACE, attributes=CHANGED, only_proposes=True
        ):
            await until(lambda: stands(fleet, "settings_differ", "next_hop4: 192.0.2.1 -> 192.0."))
            yield edge, judge, prefixes


async def test_a_standby_with_another_file_rewrites_nothing(fleet: Fleet) -> None:
    async with announced(fleet) as (edge, judge, _):
        noted = edge.router.noted()
        await asyncio.sleep(4)  # four full syncs of each
        assert edge.router.changes(after=noted) == []
        assert await judge.lists() == FLAWLESS


async def test_a_change_is_seen_from_the_first_stage_before_the_second_is_told(
    fleet: Fleet,
) -> None:
    """The router stands still from when the first stage is told, so that it sees nothing of it."""
    async with announced(fleet) as (edge, judge, prefixes):
        noted = edge.router.noted()
        await apply(fleet)
        await until(lambda: opened(fleet))
        edge.router.suspend()
        try:
            await until(lambda: holds(edge, "one", CHANGED))
            await until(lambda: stands(fleet, "settings_waiting", "stage 1: bird does not answer"))
            assert await holds(edge, "two", MARKING)
        finally:
            edge.router.resume()
        await until(lambda: in_force(fleet, 2))
        await until(lambda: len(_of(edge, noted, "two")) >= len(prefixes))
        first, second = _of(edge, noted, "one"), _of(edge, noted, "two")
        assert {one.prefix for one in first} == {one.prefix for one in second} == set(prefixes)
        assert max(one.at for one in first) < min(one.at for one in second)
        assert edge.router.shows(prefixes[0]).count("(64500,9)") == 2
        assert edge.router.losses() == []
        assert await judge.lists() == FLAWLESS


async def test_it_is_taken_back_where_the_router_drops_what_it_changes(fleet: Fleet) -> None:
    drops = "where ! ((64500,9) ~ bgp_community)"
    async with announced(fleet, drops) as (edge, judge, prefixes):
        noted = edge.router.noted()
        await apply(fleet)
        await until(lambda: in_state(fleet, 2, "taken_back"))
        await until(lambda: stands(fleet, "settings_taken_back", "200 routes have vanished"))
        await until(lambda: all(_paths(edge, one) == 2 for one in prefixes))
        assert _of(edge, noted, "two") == []
        assert edge.router.losses() == []
        assert await judge.lists() == FLAWLESS


async def opened(fleet: Fleet) -> bool:
    return await fleet.ask("SELECT opened FROM speaker_revisions WHERE number = 2") == [(1,)]


async def holds(edge: Edge, name: str, attributes: PathAttributes) -> bool:
    """Whether all that it holds has these attributes."""
    held = await edge.speakers[name].held()
    shapes = {(path.next_hop, path.communities) for path in held}
    return shapes == {(attributes.next_hop4, attributes.communities)}


def _of(edge: Edge, noted: int, name: str) -> list[Change]:
    return [one for one in edge.router.changes(after=noted) if one.speaker == name]


def _paths(edge: Edge, prefix: Prefix) -> int:
    return edge.router.shows(prefix).count("BGP.next_hop")
