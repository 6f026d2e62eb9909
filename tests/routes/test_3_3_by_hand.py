"""Routes 3.3: a session that a person takes down at the speaker stays down, and is on record."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.drain import Drain
from byoip.store.speakers.drains import Drains
from tests.announcing import PEER, Fleet, looks, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker, Trouble
from tests.routes.drains import history, in_state, lift, none_stands, standing, the_only

CIDRS = [f"31.0.{number}.0/24" for number in range(5)]


@asynccontextmanager
async def announced(fleet: Fleet, *speakers: FakeSpeaker) -> AsyncIterator[list[Prefix]]:
    prefixes = await fleet.add(*CIDRS, advertised=True)
    async with reconciling(fleet, *speakers):
        await until(fleet.settled)
        await until(lambda: all(one.feeds(PEER) and noted(one) for one in speakers))
        yield prefixes


async def test_it_stays_down_and_is_an_alarm(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        one.disable_by_hand(PEER)
        await until(lambda: in_state(fleet, "down"))
        await looks(one, two)
        assert not one.feeds(PEER)
        assert two.feeds(PEER)
        assert await standing(fleet) == [(f"one to {PEER}", "down", "the speaker's operator")]
        await until(lambda: drained_alarm(fleet, f"one to {PEER}"))
        assert await history(fleet) == ["drain.begun the speaker's operator"]


async def test_it_survives_the_speaker_and_the_worker_until_it_is_lifted(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two) as prefixes:
        one.disable_by_hand(PEER)
        await until(lambda: in_state(fleet, "down"))
        one.kill()
        one.start()
        await until(lambda: set(one.paths) == set(prefixes))
        await looks(one)
        assert not one.feeds(PEER)
    one.kill()
    one.start()
    async with reconciling(fleet, one, two):
        await until(lambda: set(one.paths) == set(prefixes))
        await looks(one)
        assert not one.feeds(PEER)
        await lift(fleet, (await the_only(fleet)).id)
        await until(lambda: none_stands(fleet))
        assert one.feeds(PEER)
        await looks(one)
        assert await history(fleet) == [
            "drain.begun the speaker's operator",
            "drain.lifted A. Person",
        ]
        await until(lambda: no_drained_alarm(fleet))


async def test_nothing_comes_up_before_a_leader_knows_what_is_drained(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        one.disable_by_hand(PEER)
        await until(lambda: in_state(fleet, "down"))
    at_once = Drains.standing

    async def late(drains: Drains) -> Sequence[Drain]:
        await asyncio.sleep(1)
        return await at_once(drains)

    monkeypatch.setattr(Drains, "standing", late)
    one.kill()
    one.start()
    async with reconciling(fleet, one, two):
        await until(lambda: len(one.paths) == len(CIDRS))
        await looks(one)
    assert one.calls("enable") == 1, "the first time"


async def test_a_speaker_with_sessions_up_at_each_start_is_taken_down_again(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        one.disable_by_hand(PEER)
        await until(lambda: in_state(fleet, "down"))
        one.kill()
        one.start()
        one.enable_by_hand(PEER)  # as it is configured by now
        await until(lambda: not one.feeds(PEER))
        await looks(one)
        assert await in_state(fleet, "down")


async def test_the_person_who_enables_it_again_lifts_it(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        one.disable_by_hand(PEER)
        await until(lambda: in_state(fleet, "down"))
        one.asked.clear()
        one.enable_by_hand(PEER)
        await until(lambda: none_stands(fleet))
        assert one.feeds(PEER)
        assert one.calls("disable") == 0
        assert (await history(fleet))[-1] == "drain.lifted the speaker's operator"


async def test_a_restart_is_no_drain(fleet: Fleet) -> None:
    """Also where a change is told before the restart is noticed, so that the table is not empty."""
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two) as prefixes:
        for _ in range(5):
            one.kill()
            one.start()
            await fleet.announce(prefixes[0], prepend=1)
            await fleet.announce(prefixes[0], prepend=0)
            await until(lambda: one.feeds(PEER) and set(one.paths) == set(prefixes))
        assert await none_stands(fleet)


async def test_a_worker_that_ends_between_loading_and_enabling_leaves_no_drain(
    fleet: Fleet,
) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two) as prefixes:
        one.kill()
        one.trouble, one.troubled = Trouble.REFUSED, frozenset({"enable"})
        one.start()
        await until(lambda: set(one.paths) == set(prefixes))
    one.trouble = None
    assert not one.feeds(PEER)
    async with reconciling(fleet, one, two):
        await until(lambda: one.feeds(PEER))
        assert await none_stands(fleet)


def noted(one: FakeSpeaker) -> bool:
    return any(PEER in each for each in one.noted)


async def drained_alarm(fleet: Fleet, subject: str) -> bool:
    return subject in await fleet.alarms("drained")


async def no_drained_alarm(fleet: Fleet) -> bool:
    return not await fleet.alarms("drained")
