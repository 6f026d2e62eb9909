"""Routes 2.3: a restore announces nothing that is not up."""

import asyncio

import pytest

from byoip.domain.errors import Refusal
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.usecases.routes.bgp_prefixes import advertise
from byoip.usecases.speakers.forget_applied import forget_applied
from byoip.usecases.speakers.release_routes import ReleaseRoutes
from tests.announcing import OWNER, PEER, Fleet, listener, looks, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.routes.test_4_2_watched import CALM, SOON, quiet

BY = Actor("cli:A", "cli-1")
SEEN = """
    INSERT INTO observed_routes (bgp_prefix_id, seen_by, advertised, own_word, at)
    SELECT id, 'a router', true, false, now() FROM bgp_prefixes
"""
WAITING = "SELECT b.cidr FROM unreleased_routes u JOIN bgp_prefixes b ON b.id = u.bgp_prefix_id"


async def restore(fleet: Fleet) -> None:
    async with fleet.store.transaction(actor=Actor("cli", "cli-1")) as tx:
        await forget_applied(tx, name="A", reason="last night's backup")


async def up(fleet: Fleet, one: FakeSpeaker, *prefixes: Prefix) -> None:
    async with reconciling(fleet, one):
        await until(lambda: holds(one, *prefixes))
        await until(fleet.settled)
        await until(lambda: one.feeds(PEER))


async def holds(one: FakeSpeaker, *prefixes: Prefix) -> bool:
    return {path.prefix for path in await one.held()} == set(prefixes)


async def waiting(fleet: Fleet) -> set[str]:
    return {str(cidr) for (cidr,) in await fleet.ask(WAITING)}


async def test_what_a_speaker_holds_is_taken_for_ours_and_the_rest_waits(fleet: Fleet) -> None:
    first, second = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    one = speaker("one")
    await up(fleet, one, first, second)
    await one.withdraw([path for path in await one.held() if path.prefix == second])
    await restore(fleet)
    async with reconciling(fleet, one):
        await looks(one, count=5)
        assert await holds(one, first)
        assert await waiting(fleet) == {str(second)}
        await until(lambda: _alarmed(fleet))
        assert await fleet.alarms("lost") == set()


async def test_a_twin_gets_what_the_other_speaker_holds(fleet: Fleet) -> None:
    (first,) = await fleet.add("31.0.0.0/24", advertised=True)
    one, empty = speaker("one"), speaker("two")
    await up(fleet, one, first)
    await restore(fleet)
    async with reconciling(fleet, one, empty, stages=[1, 1]):
        await until(lambda: holds(empty, first))
    assert await waiting(fleet) == set()


async def test_what_a_loaded_speaker_lacks_stays_as_it_is_at_each(fleet: Fleet) -> None:
    """Its withdrawal may have been half-way, and no process that remembers it is left."""
    half, whole = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    one, two = speaker("one"), speaker("two")
    async with reconciling(fleet, one, two):
        await until(fleet.settled)
        await until(lambda: one.feeds(PEER) and two.feeds(PEER))
    await one.withdraw([path for path in await one.held() if path.prefix == half])
    await restore(fleet)
    async with reconciling(fleet, one, two):
        await until(lambda: _waiting(fleet, half))
        await looks(one, count=5)
        await looks(two, count=5)
        assert await holds(one, whole)
        assert await holds(two, half, whole)
        await until(lambda: _alarmed(fleet))
        await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now()")
        await ReleaseRoutes(fleet.store)(half, reason="case 4711", by=BY)
        await until(lambda: holds(one, half, whole))


async def test_what_a_listener_sees_is_announced(fleet: Fleet) -> None:
    (first,) = await fleet.add("31.0.0.0/24", advertised=True)
    one, old = speaker("one"), speaker("old")
    await up(fleet, one, first)
    await up(fleet, old, first)
    await restore(fleet)
    fresh, router = speaker("one"), listener(old)
    router.listen([first])
    async with reconciling(fleet, fresh, listeners=[router]):
        await until(lambda: holds(fresh, first))


async def test_what_is_released_as_it_is_seen_is_told_to_speakers_at_once(fleet: Fleet) -> None:
    """While all is calm no full sync comes by itself."""
    (first,) = await fleet.add("31.0.0.0/24", advertised=True)
    one, two = speaker("one"), speaker("two")
    await restore(fleet)
    async with reconciling(fleet, one, two, pace=CALM):
        await until(lambda: _waiting(fleet, first))
        await until(lambda: min(one.calls("held"), two.calls("held")) >= 2)
        await quiet(lambda: (one.calls("held"), two.calls("held")))
        await fleet.do(SEEN)
        for each in (one, two):
            await until(lambda each=each: holds(each, first), seconds=SOON)  # type: ignore[misc]


async def test_an_operator_releases_by_the_rules(fleet: Fleet) -> None:
    first, second = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    one, release = speaker("one"), ReleaseRoutes(fleet.store)
    await restore(fleet)
    refused = await release(first, reason="case 4711", by=BY)
    assert [cidr for cidr, _ in refused.refused] == [first], "no ROA data says yes"
    await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now() WHERE cidr = '31.0.0.0/24'")
    async with reconciling(fleet, one):
        await looks(one, count=3)
        assert await holds(one)
        done = await release(None, reason="case 4711", by=BY)
        assert done.announced == [first]
        assert [cidr for cidr, _ in done.refused] == [second]
        await until(lambda: holds(one, first))
    assert [(str(row.cidr), said[:10]) for row, said in await release.waiting()] == [
        ("31.0.1.0/24", "unanswered")
    ]


async def test_its_owner_may_withdraw_it_and_announce_it_again(fleet: Fleet) -> None:
    (first,) = await fleet.add("31.0.0.0/24", advertised=True)
    one = speaker("one")
    await restore(fleet)
    async with reconciling(fleet, one):
        await looks(one, count=3)
        await fleet.withdraw(first)
        await fleet.announce(first)
        await until(lambda: holds(one, first))


async def test_its_owner_says_once_more_that_it_is_to_be_announced(fleet: Fleet) -> None:
    (first,) = await fleet.add("31.0.0.0/24", advertised=True)
    claim, _, row = fleet.ids[first]
    ((account,),) = await fleet.ask("SELECT account_id FROM prefixes")
    one = speaker("one")

    async def again() -> bool:
        async with fleet.store.transaction(actor=OWNER) as tx:
            view = await advertise(tx, account, claim, row, advertised=True)
            return view.changed

    assert not await again(), "it is so already"
    await restore(fleet)
    with pytest.raises(Refusal):
        await again()
    await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now()")
    async with reconciling(fleet, one):
        await looks(one, count=3)
        assert await holds(one)
        assert await again()
        await until(lambda: holds(one, first))


async def test_other_prepends_alone_do_not_say_that_it_is_to_be_announced(fleet: Fleet) -> None:
    (first,) = await fleet.add("31.0.0.0/24", advertised=True)
    claim, _, row = fleet.ids[first]
    ((account,),) = await fleet.ask("SELECT account_id FROM prefixes")
    await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now()")
    one = speaker("one")
    await restore(fleet)
    async with reconciling(fleet, one):
        async with fleet.store.transaction(actor=OWNER) as tx:
            assert (await advertise(tx, account, claim, row, prepend=1)).changed
        await looks(one, count=5)
        assert await holds(one)
        assert await waiting(fleet) == {str(first)}
        async with fleet.store.transaction(actor=OWNER) as tx:
            await advertise(tx, account, claim, row, advertised=True)
        await until(lambda: holds(one, first))
    assert [len(path.as_path) for path in await one.held()] == [1]


async def test_other_prepends_at_the_moment_in_which_a_restore_is_recognised(fleet: Fleet) -> None:
    (first,) = await fleet.add("31.0.0.0/24", advertised=True)
    claim, _, row = fleet.ids[first]
    ((account,),) = await fleet.ask("SELECT account_id FROM prefixes")

    async def prepend() -> None:
        async with fleet.store.transaction(actor=OWNER) as tx:
            await advertise(tx, account, claim, row, prepend=1)

    async with fleet.store.transaction(actor=BY) as tx:
        await forget_applied(tx, name="A", reason="last night's backup")
        prepending = asyncio.create_task(prepend())
        await until(lambda: _blocked(fleet))
    await prepending
    assert await fleet.ask(f"{WAITING} AND u.change = b.change") == [(first.network,)]


async def _blocked(fleet: Fleet) -> bool:
    return bool(await fleet.ask("SELECT FROM pg_locks WHERE NOT granted"))


async def _waiting(fleet: Fleet, *prefixes: Prefix) -> bool:
    return await waiting(fleet) == {str(one) for one in prefixes}


async def _alarmed(fleet: Fleet) -> bool:
    return await fleet.alarms("unreleased") == {"routes"}
