"""Failover 2.3: where marks were forgotten, an owner's repeated withdrawal takes effect."""

from collections.abc import AsyncIterator

import pytest

from byoip.domain.prefix import Prefix
from byoip.store.engine import PoolSize, make_engine
from byoip.store.routes.views import BgpPrefixView
from byoip.usecases.routes.bgp_prefixes import advertise
from byoip.usecases.speakers.forget_applied import forget_applied
from tests.announcing import OWNER, PEER, Fleet, listener, looks, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker, Trouble

LEDGER = "SELECT count(*) FROM withdrawals"
EVENTS = "SELECT before->>'advertised' FROM events WHERE kind = 'bgp_prefix.withdrawn' ORDER BY at"


@pytest.fixture
async def fleet(cloned_url: str) -> AsyncIterator[Fleet]:
    engine = make_engine(cloned_url, pool=PoolSize(kept=5, more=10, autocommit=8))
    yield Fleet(engine)
    await engine.dispose()


async def withdraw_again(fleet: Fleet, prefix: Prefix) -> BgpPrefixView:
    claim, _, route = fleet.ids[prefix]
    async with fleet.store.transaction(actor=OWNER) as tx:
        row = await tx.claims.lock(claim)
        return await advertise(tx, row.account_id, claim, route, advertised=False)


async def up(fleet: Fleet, *speakers: FakeSpeaker) -> None:
    async with reconciling(fleet, *speakers):
        await until(fleet.settled)
        await until(lambda: all(one.feeds(PEER) for one in speakers))


async def withdrawn_and_forgotten(fleet: Fleet, prefix: Prefix) -> None:
    """Accepted after the promotion; then what speakers have is forgotten, the request with it."""
    await fleet.withdraw(prefix)
    async with fleet.store.transaction(actor=OWNER) as tx:
        await forget_applied(tx, name="A", reason="another server was promoted")


async def held(one: FakeSpeaker) -> set[Prefix]:
    return {path.prefix for path in await one.held()}


async def test_a_repeated_withdrawal_of_a_route_that_stands_as_an_orphan(fleet: Fleet) -> None:
    gone, stays = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    one, two = speaker("one"), speaker("two")
    await up(fleet, one, two)
    await withdrawn_and_forgotten(fleet, gone)
    async with reconciling(fleet, one, two):
        await until(lambda: _orphaned(fleet, gone))
        await looks(one, two, count=3)
        assert await held(one) == await held(two) == {gone, stays}, "no one is asked to withdraw it"
        said = await withdraw_again(fleet, gone)
        assert said.changed
        await until(lambda: _only(stays, one, two))
        await until(fleet.settled)
        await until(lambda: _no_orphans(fleet))
    assert await fleet.ask(LEDGER) == [(2,)]
    assert await fleet.ask(EVENTS) == [("true",), ("false",)]
    assert not (await withdraw_again(fleet, gone)).changed, "it is gone: nothing is left to do"
    assert await fleet.ask(LEDGER) == [(2,)]


async def test_it_takes_effect_before_any_speaker_was_asked(fleet: Fleet) -> None:
    """The orphan is not known yet; a listener still sees the route."""
    (gone,) = await fleet.add("31.0.0.0/24", advertised=True)
    one = speaker("one")
    router = listener(one)
    router.listen([gone])
    async with reconciling(fleet, one, listeners=[router]):
        await until(fleet.settled)
        await until(lambda: _seen(fleet))
    await withdrawn_and_forgotten(fleet, gone)
    assert await fleet.orphans("one") == set()
    assert (await withdraw_again(fleet, gone)).changed
    async with reconciling(fleet, one, listeners=[router]):
        await until(lambda: _only_none(one))


async def test_one_that_is_under_way_is_asked_once(fleet: Fleet) -> None:
    (gone,) = await fleet.add("31.0.0.0/24", advertised=True)
    await up(fleet, speaker("one"))
    await fleet.withdraw(gone)
    assert not (await withdraw_again(fleet, gone)).changed
    assert await fleet.ask(LEDGER) == [(1,)]


async def test_a_speaker_that_was_not_looked_at_yet_is_asked_to_withdraw_it_as_well(
    fleet: Fleet,
) -> None:
    """The withdrawal comes after the restore: the other speaker has been looked at already."""
    gone, stays = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    one, two = speaker("one"), speaker("two")
    await up(fleet, one, two)
    two.delay = 1  # before it has answered what it holds, the other one has
    async with fleet.store.transaction(actor=OWNER) as tx:
        await forget_applied(tx, name="A", reason="last night's backup")
    async with reconciling(fleet, one, two, known=False):
        await until(lambda: _marked(fleet, gone))
        assert (await withdraw_again(fleet, gone)).changed
        two.delay = 0
        await until(lambda: _only(stays, one, two))
        assert await fleet.orphans("two") == set()
    assert await fleet.ask(LEDGER) == [(1,)]


async def test_an_orphan_at_one_speaker_while_another_carries_out_the_withdrawal(
    fleet: Fleet,
) -> None:
    gone, stays = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    one, two = speaker("one"), speaker("two")
    await up(fleet, one, two)
    await fleet.do("DELETE FROM applied_routes WHERE speaker = 'two'")
    one.trouble, one.troubled = Trouble.REFUSED, frozenset({"withdraw"})
    await fleet.withdraw(gone)
    async with reconciling(fleet, one, two):
        await until(lambda: _orphan_of_two(fleet, gone))
        assert (await withdraw_again(fleet, gone)).changed
        one.trouble = None
        await until(lambda: _only(stays, one, two))
        await until(lambda: _no_orphans(fleet))


async def _marked(fleet: Fleet, prefix: Prefix) -> bool:
    marked = "SELECT cidr FROM applied_routes a JOIN bgp_prefixes b ON b.id = a.bgp_prefix_id"
    return (prefix.network,) in await fleet.ask(f"{marked} WHERE a.advertised")


async def _orphan_of_two(fleet: Fleet, prefix: Prefix) -> bool:
    return prefix in await fleet.orphans("two")


async def _orphaned(fleet: Fleet, prefix: Prefix) -> bool:
    return prefix in await fleet.orphans("one") and prefix in await fleet.orphans("two")


async def _no_orphans(fleet: Fleet) -> bool:
    return not await fleet.orphans("one") and not await fleet.orphans("two")


async def _only(prefix: Prefix, *speakers: FakeSpeaker) -> bool:
    return all([await held(one) == {prefix} for one in speakers])


async def _only_none(one: FakeSpeaker) -> bool:
    return await held(one) == set()


async def _seen(fleet: Fleet) -> bool:
    return bool(await fleet.ask("SELECT FROM observed_routes WHERE advertised AND NOT own_word"))
