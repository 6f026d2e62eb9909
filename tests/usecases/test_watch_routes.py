"""What is kept of looks at routes: who said what, when it was confirmed, and who says no more."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import Neighbour
from byoip.store.engine import PoolSize, make_engine
from byoip.store.routes.views import Observed
from byoip.usecases.speakers.monitor import MonitorRoutes
from byoip.usecases.speakers.observe import ObserveRoutes
from tests.announcing import PEER, Fleet, listener, path, speaker
from tests.fakes.speaker import FakeListener, FakeSpeaker, Trouble
from tests.store.samples import SetClock

OTHER_PEER = "127.0.0.3"


class Looking(Fleet):
    """A fleet with a clock that stands still, and a speaker that has all of it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.one = speaker("one")
        self.one.sessions = [*self.one.sessions, Neighbour(OTHER_PEER, Asn(64502), True, False)]  # noqa: FBT003
        self.one.start()

    async def out(self, cidr: str = "31.0.0.0/24") -> Prefix:
        (prefix,) = await self.add(cidr, advertised=True)
        await self.routes.settle([known.desired for known in await self.routes.states("one")])
        self.one.put(path(prefix))
        await self.one.enable(PEER)
        await self.routes.mark_announced("one", [], self.clock.now())
        return prefix

    async def look(self, *listeners: FakeListener, speakers: tuple[FakeSpeaker, ...] = ()) -> None:
        look = ObserveRoutes(listeners)
        watch = MonitorRoutes(self.routes, self.store, self.clock, look)
        await watch(speakers or (self.one,))

    async def observed(self, prefix: Prefix) -> Observed:
        async with self.store.transaction() as tx:
            claim, _, one = self.ids[prefix]
            row = await tx.bgp_prefixes.get(claim, one)
            return (await tx.bgp_prefixes.view(row, 1)).observed

    async def lingering(self, prefix: Prefix) -> bool:
        async with self.store.transaction() as tx:
            return bool(await tx.bgp_prefixes.lingering(self.ids[prefix][0]))

    async def later(self, by: timedelta) -> None:
        """Let time pass, by setting back all that is written."""
        for table, columns in {
            "observed_routes": ["at"],
            "listeners": ["asked_at", "answered_at"],
            "speakers": ["told_at"],
        }.items():
            moved = ", ".join(f"{one} = {one} - CAST(:by AS interval)" for one in columns)
            await self.do(f"UPDATE {table} SET {moved}", by=by)  # noqa: S608 - names from here


@pytest.fixture
async def fleet(database_url: str) -> AsyncIterator[Looking]:
    engine = make_engine(database_url, pool=PoolSize(kept=2, more=5, autocommit=4))
    made = Looking(engine, SetClock())
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO speakers VALUES ('one', 1, true, '', 1, now(), now())"
        )
    yield made
    await engine.dispose()


async def test_each_look_confirms_what_is_seen(fleet: Looking) -> None:
    prefix, ear = await fleet.out(), listener(fleet.one)
    await fleet.look(ear)
    for _ in range(3):
        fleet.clock.advance(timedelta(seconds=10))
        await fleet.look(ear)
        expected = Observed(True, fleet.clock.now(), ear.name, own_word=False)  # noqa: FBT003
        assert await fleet.observed(prefix) == expected


async def test_what_a_listener_that_is_dead_last_saw_holds_for_five_seconds(fleet: Looking) -> None:
    prefix, ear = await fleet.out(), listener(fleet.one)
    await fleet.look(ear)
    seen_at = fleet.clock.now()
    await fleet.later(timedelta(seconds=2))
    assert (await fleet.observed(prefix)).advertised
    await fleet.later(timedelta(seconds=4))
    shown = await fleet.observed(prefix)
    assert (shown.advertised, shown.by) == (None, ear.name)
    assert shown.at == seen_at - timedelta(seconds=6)


async def test_while_no_listener_answers_our_own_word_is_shown_as_such(fleet: Looking) -> None:
    prefix, ear = await fleet.out(), listener(fleet.one)
    await fleet.look(ear)
    await fleet.later(timedelta(days=2))
    ear.trouble = True
    await fleet.look(ear)
    shown = await fleet.observed(prefix)
    assert (shown.advertised, shown.by, shown.own_word) == (True, f"one to {PEER}", True)
    ear.trouble = False
    await fleet.look(ear)
    assert (await fleet.observed(prefix)).by == ear.name


async def test_our_own_word_is_confirmed_and_grows_old_too(fleet: Looking) -> None:
    prefix = await fleet.out()
    await fleet.look()
    fleet.clock.advance(timedelta(seconds=10))
    await fleet.look()
    shown = await fleet.observed(prefix)
    assert (shown.advertised, shown.at) == (True, fleet.clock.now())
    await fleet.later(timedelta(minutes=2))
    fleet.one.trouble, fleet.one.troubled = Trouble.REFUSED, frozenset({"sent"})
    await fleet.look()
    assert (await fleet.observed(prefix)).advertised is None


async def test_what_is_withdrawn_and_gone_stays_so_without_a_look(fleet: Looking) -> None:
    prefix, ear = await fleet.out(), listener(fleet.one)
    await fleet.look(ear)
    await fleet.withdraw(prefix)
    await fleet.do("UPDATE bgp_prefixes SET settled = change")
    fleet.one.lose(prefix)
    await fleet.look(ear)
    gone_at = (await fleet.observed(prefix)).at
    await fleet.later(timedelta(days=2))
    assert gone_at is not None
    shown = await fleet.observed(prefix)
    assert (shown.advertised, shown.at) == (False, gone_at - timedelta(days=2))


async def test_nothing_is_sent_to_a_peer_that_was_removed(fleet: Looking) -> None:
    prefix = await fleet.out()
    await fleet.look()
    await fleet.withdraw(prefix)
    await fleet.do("UPDATE bgp_prefixes SET settled = change")
    await fleet.do("UPDATE applied_routes SET may_hold = false, advertised = false")
    fleet.one.lose(prefix)
    fleet.one.sessions = [one for one in fleet.one.sessions if one.address == PEER]
    fleet.one.trouble, fleet.one.troubled = Trouble.REFUSED, frozenset({"neighbours"})
    await fleet.look()
    assert await said(fleet, OTHER_PEER), "who could not be asked has not said that it is gone"
    fleet.one.trouble = None
    await fleet.look()
    assert not await said(fleet, OTHER_PEER)
    assert not await fleet.lingering(prefix)


async def test_nothing_is_sent_over_a_session_that_is_down(fleet: Looking) -> None:
    await fleet.out()
    await fleet.look()
    fleet.one.start()  # its first session is administratively down again
    await fleet.look()
    assert not await said(fleet, PEER)


async def test_another_speakers_word_stands(fleet: Looking) -> None:
    await fleet.out()
    await fleet.look()
    two = speaker("two")
    await fleet.look(speakers=(two,))
    assert await said(fleet, OTHER_PEER)


async def said(fleet: Looking, peer: str) -> bool:
    return bool(
        await fleet.ask(
            "SELECT FROM observed_routes WHERE seen_by = :by AND advertised", by=f"one to {peer}"
        )
    )
