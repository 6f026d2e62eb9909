"""Edges on a real Postgres: when bindings take effect, and that nothing is without an answer."""

import asyncio

import pytest

from byoip.domain.bindings import edge
from tests.usecases.edges import ACTIVE, INSIDE, PART, PROVISIONING, Edges, edges
from tests.usecases.world import CIDR

__all__ = ["edges"]  # fixtures


async def test_without_edges_a_binding_is_active_at_once(edges: Edges) -> None:
    binding = await edges.bind()
    assert await edges.state(binding) is ACTIVE
    assert (await edges.swap(binding, "Spectrum")).state is ACTIVE
    assert await edges.answers(INSIDE) == "Spectrum"
    assert await edges.lacking(binding) == []


async def test_a_binding_is_active_when_a_majority_has_it_and_announced_when_all_have(
    edges: Edges,
) -> None:
    await edges.heard("ams1", "fra1", "lon1")
    binding = await edges.bind()
    assert await edges.answers(INSIDE) is None
    seen = []
    for name in ("ams1", "fra1", "lon1"):
        seen.append((await edges.state(binding), await edges.lacking(binding)))
        await edges.heard(name)
    seen.append((await edges.state(binding), await edges.lacking(binding)))
    assert seen == [
        (PROVISIONING, ["ams1", "fra1", "lon1"]),
        (PROVISIONING, ["fra1", "lon1"]),
        (ACTIVE, ["lon1"]),
        (ACTIVE, []),
    ]
    assert await edges.answers(INSIDE) == "CDN"
    last = (await edges.world.events(edges.claim))[-1]
    shown = {"binding_id": binding.hex, "cidr": CIDR, "service_id": edges.services["CDN"].hex}
    assert (last.kind, last.before, last.after) == ("binding.active", {}, shown)
    assert (await edges.world.kinds(edges.claim)).count("binding.active") == 1


async def test_announcing_does_not_wait_for_a_drained_edge_and_a_majority_does(
    edges: Edges,
) -> None:
    await edges.heard("ams1", "fra1", "lon1")
    binding = await edges.bind()
    for name in ("fra1", "lon1"):
        await edges.put(name, drained=True)
    await edges.heard("ams1")
    assert (await edges.state(binding), await edges.lacking(binding)) == (PROVISIONING, [])
    await edges.heard("fra1")  # drained edges may acknowledge
    assert await edges.state(binding) is ACTIVE
    await edges.remove("lon1")
    assert await edges.lacking(binding) == []


async def test_an_edge_that_is_behind_stays_drained_until_it_has_caught_up(edges: Edges) -> None:
    await edges.heard("ams1", "fra1", "lon1")
    await edges.put("fra1", drained=True)
    binding = await edges.bind()
    await edges.heard("ams1", "lon1")
    assert (await edges.state(binding), await edges.lacking(binding)) == (ACTIVE, [])
    with pytest.raises(edge.EdgeBehind, match=r"change 0, .* to 1"):
        await edges.put("fra1", drained=False)
    assert (await edges.states())["fra1"] == (True, True, 0)
    await edges.heard("fra1")
    await edges.put("fra1", drained=False)
    assert await edges.lacking(binding) == []


async def test_what_is_unbound_since_holds_no_edge_back(edges: Edges) -> None:
    await edges.heard("ams1", "fra1")
    await edges.put("fra1", drained=True)
    await edges.unbind(await edges.bind())
    await edges.put("fra1", drained=False)


async def test_no_edge_comes_back_while_something_is_announced(edges: Edges) -> None:
    await edges.heard("ams1", "fra1")
    await edges.put("fra1", drained=True)
    async with edges.world.store.transaction() as tx:
        await tx.edges.together()
        back = asyncio.create_task(edges.put("fra1", drained=False))
        await asyncio.sleep(0.3)
        assert not back.done()
    await back


async def test_in_a_feed_that_begins_anew_every_edge_has_to_acknowledge_again(edges: Edges) -> None:
    binding = await edges.bind()
    await edges.heard("ams1", "fra1")
    old = await edges.feed.feed_name()
    async with edges.world.store.transaction() as tx:
        new = await tx.edges.begin_feed()
    assert new != old
    assert [one.feed for one in await edges.feed.changes(after=0, limit=9)] == [new]
    assert (await edges.feed.state()).feed == new == await edges.feed.feed_name()
    assert (await edges.state(binding), await edges.lacking(binding)) == (ACTIVE, ["ams1", "fra1"])
    part = await edges.bind(PART)
    assert await edges.state(part) is PROVISIONING
    with pytest.raises(edge.FeedReplaced):
        await edges.acknowledge("ams1", 1, old)
    await edges.heard("ams1", "fra1")
    assert (await edges.state(part), await edges.lacking(binding)) == (ACTIVE, [])


async def test_where_all_edges_are_drained_nothing_is_announced(edges: Edges) -> None:
    await edges.heard("ams1")
    before = await edges.bind()
    await edges.heard("ams1")
    await edges.put("ams1", drained=True)
    part = await edges.bind(PART)
    assert await edges.state(part) is PROVISIONING
    assert await edges.lacking(before) == ["ams1"]
    await edges.heard("ams1")
    assert await edges.state(part) is ACTIVE
    assert await edges.lacking(before) == ["ams1"]
    await edges.put("ams1", drained=False)
    assert await edges.lacking(before) == []


async def test_a_new_edge_counts_for_nothing_until_it_has_the_full_state(edges: Edges) -> None:
    await edges.heard("ams1")
    binding = await edges.bind()
    await edges.heard("fra1", number=0)  # it has begun, and has nothing yet
    assert await edges.states() == {"ams1": (True, False, 0), "fra1": (False, False, 0)}
    await edges.heard("ams1")
    assert (await edges.state(binding), await edges.lacking(binding)) == (ACTIVE, [])
    await edges.heard("fra1")
    assert await edges.states() == {"ams1": (True, False, 1), "fra1": (True, False, 1)}
    part = await edges.bind(PART)
    await edges.heard("ams1")
    assert (await edges.state(part), await edges.lacking(part)) == (PROVISIONING, ["fra1"])


async def test_the_first_edge_alone_holds_nothing_up_while_it_joins(edges: Edges) -> None:
    await edges.bind()
    await edges.heard("ams1", number=0)
    assert await edges.state(await edges.bind(PART)) is ACTIVE


async def test_an_older_number_is_no_step_back_and_none_is_ahead(edges: Edges) -> None:
    await edges.bind()
    await edges.heard("ams1", number=1)
    await edges.heard("ams1", number=0)
    assert await edges.states() == {"ams1": (True, False, 1)}
    with pytest.raises(edge.ChangeNotMadeYet):
        await edges.heard("ams1", number=2)
    with pytest.raises(edge.EdgeNotFound, match="operator"):
        await edges.acknowledge("fra1", 1)  # a slip of the pen is no edge
    with pytest.raises(edge.InvalidEdgeName):
        await edges.acknowledge("Not a name", 1)
    assert await edges.states() == {"ams1": (True, False, 1)}


async def test_a_removed_edge_does_not_come_back_by_itself(edges: Edges) -> None:
    await edges.heard("ams1", "fra1")
    binding = await edges.bind()
    await edges.heard("ams1")
    await edges.remove("fra1")
    assert await edges.state(binding) is ACTIVE
    with pytest.raises(edge.EdgeRemoved):
        await edges.acknowledge("fra1", 1)
    with pytest.raises(edge.EdgeNotFound):
        await edges.remove("fra1")
    await edges.put("fra1", drained=False)
    assert (await edges.states())["fra1"] == (False, False, 0)
    assert await edges.lacking(binding) == []
    await edges.heard("fra1")
    assert (await edges.states())["fra1"] == (True, False, 1)


async def test_without_the_last_edge_what_waited_takes_effect(edges: Edges) -> None:
    await edges.heard("ams1")
    binding = await edges.bind()
    await edges.remove("ams1")
    assert await edges.state(binding) is ACTIVE
    assert await edges.state(await edges.bind(PART)) is ACTIVE
