"""R8: requests write what is desired; one reconciler applies it, and numbers what was applied."""

import asyncio

from byoip.store.speakers.leader_election import LeaderElection
from tests.announcing import Fleet, reconciling, speaker, until


async def test_what_is_desired_changes_nothing_that_is_applied(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24")
    await fleet.announce(prefix)
    await fleet.withdraw(prefix)
    assert await fleet.ask("SELECT FROM applied_routes") == []
    assert await fleet.ask("SELECT FROM observed_routes") == []


async def test_one_reconciles_at_a_time(fleet: Fleet) -> None:
    url = fleet.engine.url.render_as_string(hide_password=False)
    inside, most = 0, 0

    async def take_turn() -> None:
        nonlocal inside, most
        async with LeaderElection(url).hold() as turn:
            await turn.require()
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.2)
            inside -= 1

    await asyncio.gather(take_turn(), take_turn())
    assert most == 1


async def test_applied_states_are_numbered_without_gaps_and_never_change(fleet: Fleet) -> None:
    one = speaker("one")
    prefixes = await fleet.add(*(f"31.0.{n}.0/24" for n in range(3)))
    async with reconciling(fleet, one):
        for prefix in prefixes:
            await fleet.announce(prefix)
            await until(fleet.settled)
            await fleet.routes.take_snapshot()
        before = await fleet.ask("SELECT number, routes FROM route_snapshots ORDER BY number")
        assert await fleet.routes.take_snapshot() is None, "nothing is new"
        await fleet.withdraw(prefixes[0])
        await until(fleet.settled)
        await fleet.routes.take_snapshot()
    after = await fleet.ask("SELECT number, routes FROM route_snapshots ORDER BY number")
    assert after[: len(before)] == before
    assert [number for number, _ in after] == list(range(1, len(after) + 1))
    assert [len(routes) for _, routes in after][-2:] == [3, 2]
