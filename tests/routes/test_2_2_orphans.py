"""Routes 2.2: an orphan is remembered until a person decides, held or not."""

import pytest

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.route_snapshot import OrphanNotFound, OrphansChanged
from byoip.usecases.speakers import orphans
from tests.announcing import OWNER, PEER, Fleet, looks, path, reconciling, speaker, until
from tests.routes.test_2_1_opening import detail, graceful, recorded, says, stands

FIRST, SECOND = Prefix.parse("31.9.0.0/24"), Prefix.parse("31.9.1.0/24")


async def test_an_orphan_that_vanishes_is_remembered_and_an_alarm(fleet: Fleet) -> None:
    one = speaker("one")
    one.put(path(FIRST), path(SECOND))
    await one.enable(PEER)
    async with reconciling(fleet, one):
        await until(lambda: recorded(fleet, {FIRST, SECOND}))
        one.lose(FIRST)
        await until(lambda: stands(fleet, "no_longer_held", "one"))
        assert str(FIRST) in await detail(fleet, "no_longer_held")
        assert await fleet.orphans("one") == {FIRST, SECOND}
        gone = await fleet.ask("SELECT cidr FROM orphan_routes WHERE gone_at IS NOT NULL")
        assert [Prefix(cidr) for (cidr,) in gone] == [FIRST]
        one.put(path(FIRST))
        await until(lambda: stands(fleet, "no_longer_held"))
        one.lose(FIRST)
        await until(lambda: stands(fleet, "no_longer_held", "one"))
        await decide(fleet, FIRST)
        await until(lambda: stands(fleet, "no_longer_held"))
        await until(lambda: left(fleet, SECOND))
        assert set(one.paths) == {SECOND}


async def test_an_orphan_of_a_speaker_that_restarts_keeps_it_shut_until_decided(
    fleet: Fleet,
) -> None:
    one = graceful("one")
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    one.put(path(FIRST))
    async with reconciling(fleet, one):
        await until(lambda: recorded(fleet, {FIRST, prefix}))
        one.kill()
        one.start()
        await until(lambda: stands(fleet, "sessions_shut", "one"))
        await looks(one)
        assert not one.feeds(PEER)
        assert await fleet.orphans("one") == {FIRST}
        await decide(fleet, FIRST)
        await until(lambda: one.sends_to(PEER, prefix) is not None)
        await until(lambda: left(fleet))


async def test_a_fresh_database_that_meets_a_speaker_with_routes_is_an_alarm(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    one.put(path(FIRST), path(SECOND))
    await one.enable(PEER)
    async with reconciling(fleet, one, two, known=False):
        await until(lambda: says(fleet, "strange_routes", "it held 2 routes"))
        await looks(one)
        assert await stands(fleet, "strange_routes", "one"), "it lasts until decided"
        await decide(fleet, FIRST)
        await decide(fleet, SECOND)
        await until(lambda: stands(fleet, "strange_routes"))


@pytest.mark.parametrize("heard", [True, False])
async def test_an_orphan_that_its_owner_announced_and_withdrew_again_is_none(
    fleet: Fleet, *, heard: bool
) -> None:
    """Whether the speaker heard of the announcement, or not before the withdrawal."""
    one = speaker("one")
    kept, owned = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    one.put(path(owned))
    await fleet.announce(kept)
    async with reconciling(fleet, one):
        await until(lambda: recorded(fleet, {kept, owned}))
        if heard:
            await fleet.announce(owned)
            await until(fleet.settled)
            await fleet.withdraw(owned)
            await until(lambda: set(one.paths) == {kept})
    if not heard:
        await fleet.announce(owned)
        await fleet.withdraw(owned)
    async with reconciling(fleet, one):
        await until(lambda: set(one.paths) == {kept})
        await until(lambda: left(fleet))
        assert await fleet.alarms("no_longer_held") == set()


async def test_a_speaker_that_was_just_met_is_known_by_its_orphans_first(fleet: Fleet) -> None:
    kept, owned = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await fleet.announce(kept)
    found = {owned: path(owned)}  # and its worker died before it recorded the speaker itself
    await fleet.routes.note_orphans("one", found, fleet.clock.now(), unknown=False)
    await fleet.announce(owned)
    await fleet.withdraw(owned)
    one = speaker("one")
    one.put(path(owned))
    async with reconciling(fleet, one):
        await until(lambda: set(one.paths) == {kept})
        await until(lambda: left(fleet))


async def test_after_a_restore_orphans_are_remembered_and_undecided(fleet: Fleet) -> None:
    one = speaker("one")
    one.put(path(FIRST))
    await one.enable(PEER)
    now = fleet.clock.now()
    await fleet.routes.note_orphans("one", {FIRST: path(FIRST), SECOND: path(SECOND)}, now)
    for prefix in (FIRST, SECOND):
        await decide(fleet, prefix)
    await fleet.do("INSERT INTO incarnation (identity, since) VALUES ('another', now())")
    async with reconciling(fleet, one):
        await until(lambda: stands(fleet, "no_longer_held", "one"))
        assert str(SECOND) in await detail(fleet, "no_longer_held")
        await looks(one)
        assert set(one.paths) == {FIRST}, "what was decided before the backup is old"
        assert await left(fleet, FIRST, SECOND)
        await decide(fleet, FIRST)
        await until(lambda: not one.paths)


async def test_all_orphans_of_a_speaker_are_decided_if_they_are_as_many_as_was_said(
    fleet: Fleet,
) -> None:
    one, two = speaker("one"), speaker("two")
    for each in (one, two):
        each.put(path(FIRST), path(SECOND))
        await each.enable(PEER)
    async with reconciling(fleet, one, two, stages=[1, 1]):
        await until(lambda: left(fleet, FIRST, SECOND))
        with pytest.raises(OrphansChanged):
            await decide_all(fleet, "one", 1)
        with pytest.raises(OrphanNotFound):
            await decide_all(fleet, "three", 1)
        await decide_all(fleet, "one", 2)
        await until(lambda: not one.paths)
        await looks(two)
        assert set(two.paths) == {FIRST, SECOND}
    history = await fleet.ask("SELECT kind, after ->> 'count' FROM operator_events")
    assert history == [("orphan.withdrawn_all", "2")]


async def decide_all(fleet: Fleet, name: str, many: int) -> None:
    async with fleet.store.transaction(actor=OWNER) as tx:
        await orphans.withdraw_all(tx, name, many, name="A. Person", reason="left over")


async def decide(fleet: Fleet, prefix: Prefix) -> None:
    async with fleet.store.transaction(actor=OWNER) as tx:
        await orphans.withdraw(tx, "one", str(prefix), name="A. Person", reason="left over")


async def left(fleet: Fleet, *prefixes: Prefix) -> bool:
    return await fleet.orphans("one") == set(prefixes)
