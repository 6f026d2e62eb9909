"""From what owners want to what a router sees: the reconciler, GoBGP and BIRD."""

import asyncio
from datetime import timedelta

import pytest

from byoip.domain.prefix import Prefix
from byoip.worker.pace import Pace
from tests.announcing import Fleet, reconciling, until
from tests.real.edge import Edge, running_edge

PACE = Pace(every=timedelta(seconds=2), rest=0, absent_for=timedelta(seconds=10), probe=0.25)


async def test_announced_prepended_and_withdrawn_in_both_families(fleet: Fleet) -> None:
    prefixes = await fleet.add("31.0.0.0/23", "2a00:1::/44")
    async with (
        running_edge("one", "two") as edge,
        reconciling(fleet, *edge.speakers.values(), listeners=[edge.listener], pace=PACE),
    ):
        await fleet.announce(*prefixes)
        await edge.until_seen(*prefixes, seconds=60)
        await until(fleet.settled)
        await fleet.announce(*prefixes, prepend=2)
        await until(fleet.settled)
        for prefix in prefixes:
            assert "BGP.as_path: 64500 64500 64500\n" in edge.router.shows(prefix)
        assert edge.router.losses() == []
        await fleet.withdraw(*prefixes)
        await edge.until_gone(*prefixes)
        await until(fleet.settled)
        await until(lambda: seen_by_no_listener(fleet), seconds=60)
    applied = await fleet.ask("SELECT DISTINCT may_hold, advertised FROM applied_routes")
    assert applied == [(False, False)]


async def test_a_more_specific_route_beside_the_whole(fleet: Fleet) -> None:
    whole, part = await fleet.add("31.0.0.0/22"), Prefix.parse("31.0.1.0/24")
    claim, binding, _ = fleet.ids[whole[0]]
    await fleet.do(MORE_SPECIFIC, claim=claim, binding=binding, cidr=str(part))
    async with (
        running_edge("one") as edge,
        reconciling(fleet, *edge.speakers.values(), listeners=[edge.listener], pace=PACE),
    ):
        await edge.until_seen(part, seconds=60)
        await fleet.announce(*whole)
        await edge.until_seen(*whole, part)
        await until(fleet.settled)
        await fleet.withdraw(*whole)
        await edge.until_gone(*whole)
        assert edge.router.shows(part)


@pytest.mark.parametrize("graceful", [True, False])
async def test_a_speaker_killed_in_the_middle_of_many_changes(fleet: Fleet, graceful: bool) -> None:
    """Without graceful restart those go with it that have only reached the first stage."""
    prefixes = await fleet.add(*(f"31.{n >> 8}.{n & 255}.0/24" for n in range(1000)))
    before, during = prefixes[:500], prefixes[500:]
    gone = before[::5]
    async with (
        running_edge("one", "two", graceful=graceful) as edge,
        reconciling(fleet, *edge.speakers.values(), listeners=[edge.listener], pace=PACE),
    ):
        await fleet.announce(*before)
        await until(fleet.settled, seconds=60)
        changing = asyncio.create_task(change(fleet, during, gone))
        await until(lambda: edge_has(edge, during[100]), seconds=60)
        young = {desired.prefix for desired, _ in await fleet.routes.unsettled()}
        edge.daemons["one"].kill()
        young |= {desired.prefix for desired, _ in await fleet.routes.unsettled()}
        await until(lambda: away(fleet, "one"))
        edge.daemons["one"].start()
        await changing
        await until(fleet.settled, seconds=60)
        wanted = await fleet.wanted()
        assert wanted == set(prefixes) - set(gone)
        for speaker in edge.speakers.values():
            await until(lambda s=speaker: holds(s, wanted), seconds=60)  # type: ignore[misc]
            known = await fleet.routes.states(speaker.name)
            assert all(one.applied.confirms(one.desired) for one in known)
        await edge.until_seen(*wanted)
        await edge.until_gone(*(set(prefixes) - wanted))
        lost = {one.prefix for one in edge.router.losses()}
    assert lost <= set(gone) | (set() if graceful else young)


async def change(fleet: Fleet, announced: list[Prefix], withdrawn: list[Prefix]) -> None:
    for number, prefix in enumerate(announced):
        await fleet.announce(prefix)
        if number % 5 == 0:
            await fleet.withdraw(withdrawn[number // 5])


async def away(fleet: Fleet, speaker: str) -> bool:
    """Whether the reconciler has noticed."""
    return bool(
        await fleet.ask("SELECT FROM speakers WHERE name = :name AND fault <> ''", name=speaker)
    )


async def edge_has(edge: Edge, prefix: Prefix) -> bool:
    return bool(edge.router.shows(prefix))


async def seen_by_no_listener(fleet: Fleet) -> bool:
    return not await fleet.ask("SELECT FROM observed_routes WHERE advertised")


async def holds(speaker: object, wanted: set[Prefix]) -> bool:
    return {path.prefix for path in await speaker.held()} == wanted  # type: ignore[attr-defined]


MORE_SPECIFIC = """
INSERT INTO bgp_prefixes (id, prefix_id, prefix_cidr, cidr, asn, prepend, advertised,
    advertised_modified_at, change, request_id, binding_id, locked, created_at, modified_at)
SELECT gen_random_uuid(), id, cidr, CAST(:cidr AS cidr), 64500, 0, true, now(), 2, 'added',
    :binding, false, now(), now() FROM prefixes WHERE id = :claim
"""
