"""Routes 3.3: operators drain a speaker, a neighbour or a stage: warned, down, and back."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.awaited import Awaited
from byoip.domain.speakers import drain as domain
from byoip.domain.speakers.drain import DrainTarget
from byoip.ports.speakers.speaker import Neighbour
from tests.announcing import OURS, PEER, Fleet, listener, looks, reconciling, speaker, until
from tests.fakes.speaker import FakeListener, FakeSpeaker
from tests.routes.drains import (
    drain,
    history,
    in_state,
    lift,
    none_stands,
    standing,
    the_only,
)

CIDRS = [f"31.0.{number}.0/24" for number in range(5)]
OTHER = "127.0.0.3"
FIRST = DrainTarget(stage=1)


@asynccontextmanager
async def announced(
    fleet: Fleet, *speakers: FakeSpeaker, ears: Sequence[FakeListener] = ()
) -> AsyncIterator[list[Prefix]]:
    """Five routes that are seen at every stage."""
    prefixes = await fleet.add(*CIDRS, advertised=True)
    async with reconciling(fleet, *speakers, listeners=ears):
        await until(fleet.settled)
        await until(lambda: all(one.feeds(PEER) for one in speakers))
        await until(lambda: noticed(fleet, PEER, 2 * len(CIDRS)))
        yield prefixes


async def noticed(fleet: Fleet, peer: str, marks: int) -> bool:
    """Whether it is on record that two speakers have a session, and both so many routes."""
    up = await fleet.ask("SELECT FROM speakers WHERE sessions ->> :peer = 'true'", peer=peer)
    held = await fleet.ask("SELECT FROM applied_routes WHERE advertised")
    return len(up) == 2 and len(held) == marks


async def test_a_stage_is_warned_goes_down_and_comes_back(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with announced(fleet, one, two, ears=[ear]):
        made = await drain(fleet, FIRST, wait=2)
        await until(lambda: one.drained == {PEER})
        await until(lambda: announced_at(fleet))
        assert one.feeds(PEER)
        assert await in_state(fleet, "draining")
        await until(lambda: not one.feeds(PEER))
        await until(lambda: in_state(fleet, "down"))
        going = await the_only(fleet)
        assert going.down_at
        assert going.announced_at
        assert going.down_at - going.announced_at >= timedelta(seconds=2)
        assert two.feeds(PEER)
        assert two.drained == set()
        one.asked.clear()
        await lift(fleet, made.id)
        await until(lambda: none_stands(fleet))
        assert one.feeds(PEER)
        assert one.drained == set()
        calls = [method for method, _ in one.asked]
        assert calls.index("drain") < calls.index("enable"), "it comes up without the community"
    assert ear.withdrawals() == []
    assert await history(fleet) == ["drain.begun A. Person", "drain.lifted A. Person"]


async def test_its_end_lifts_it_without_a_person(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        await drain(fleet, FIRST, seconds=3)
        await until(lambda: not one.feeds(PEER))
        await until(lambda: one.feeds(PEER))
        await until(lambda: none_stands(fleet))
    assert await history(fleet) == ["drain.begun A. Person", "drain.lifted its end"]


async def test_it_may_be_lifted_before_it_is_down(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        made = await drain(fleet, DrainTarget("one"), wait=600)
        await until(lambda: announced_at(fleet))
        await lift(fleet, made.id)
        await until(lambda: none_stands(fleet))
        assert one.drained == set()
        assert one.calls("disable") == 0


async def test_one_neighbour_of_a_speaker(fleet: Fleet) -> None:
    """The other one keeps its session, and hears nothing of it."""
    down = Neighbour(PEER, Asn(64501), enabled=False, established=False)
    one = FakeSpeaker("one", OURS, [down, replace(down, address=OTHER)])
    two = speaker("two")
    async with announced(fleet, one, two):
        made = await drain(fleet, DrainTarget("one", PEER))
        await until(lambda: not one.feeds(PEER))
        assert one.drained == {PEER}
        await looks(one, two)
        assert one.feeds(OTHER)
        assert not await fleet.ask("SELECT FROM speakers WHERE drained_at IS NOT NULL")
        await lift(fleet, made.id)
        await until(lambda: none_stands(fleet))
        assert one.feeds(PEER)


async def test_a_drained_stage_is_skipped_and_catches_up(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with announced(fleet, one, two, ears=[ear]) as prefixes:
        made = await drain(fleet, FIRST)
        await until(lambda: fully_drained(fleet))
        (new,) = await fleet.add("31.1.0.0/24")
        await fleet.announce(new)
        await until(lambda: new in two.paths)
        await fleet.withdraw(prefixes[0])
        await until(fleet.settled)
        wanted = {new, *prefixes[1:]}
        await until(lambda: set(one.paths) == set(two.paths) == wanted)
        one.kill()
        one.start()
        await until(lambda: set(one.paths) == wanted)
        assert not one.feeds(PEER)
        await lift(fleet, made.id)
        await until(lambda: one.feeds(PEER))
        assert set(one.paths) == wanted
    assert ear.withdrawals() == [prefixes[0]]


async def test_the_last_one_needs_the_number_of_routes(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two) as prefixes:
        await drain(fleet, FIRST)
        await until(lambda: not one.feeds(PEER))
        for last in (DrainTarget(stage=2), DrainTarget("two"), DrainTarget("two", PEER)):
            with pytest.raises(domain.DrainWouldLose, match="has 5 routes"):
                await drain(fleet, last, loses=4)
        await looks(two)
        assert two.feeds(PEER)
        made = await drain(fleet, DrainTarget("two"), loses=5)
        await until(lambda: not two.feeds(PEER))
        await until(lambda: fully_drained(fleet, 2))
        await fleet.withdraw(prefixes[0])
        await until(lambda: prefixes[0] not in one.paths and prefixes[0] not in two.paths)
        assert not await fleet.settled(), "no stage can show that it is gone"
        await until(lambda: skipped(fleet, "stage 2"))
        assert await waits_for(fleet, prefixes[0]) is Awaited.DRAIN
        await lift(fleet, made.id)
        await until(fleet.settled)


async def test_it_waits_where_the_other_one_has_died_meanwhile(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        await drain(fleet, FIRST, wait=2)
        await until(lambda: announced_at(fleet))
        two.kill()
        await until(lambda: says(fleet, "it waits, for no other speaker has 5 routes"))
        await looks(one)
        assert one.feeds(PEER)
        two.start()
        await until(lambda: not one.feeds(PEER))
        assert two.feeds(PEER)


async def test_where_neighbours_cannot_be_told_nothing_goes_down(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    one.undrainable = "no such policy"
    async with announced(fleet, one, two) as prefixes:
        await drain(fleet, FIRST)
        await until(lambda: says(fleet, "no such policy"))
        await looks(one, count=10)
        assert one.feeds(PEER)
        assert not await announced_at(fleet)
        await fleet.withdraw(prefixes[0])
        await until(fleet.settled)
        one.undrainable = ""
        await until(lambda: not one.feeds(PEER))


async def test_what_cannot_be_drained(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        for stranger in (DrainTarget("three"), DrainTarget(stage=3), DrainTarget("one", OTHER)):
            with pytest.raises(domain.DrainTargetNotFound):
                await drain(fleet, stranger)
        for seconds in (-1, 31 * 24 * 3600):
            with pytest.raises(domain.DrainEndRefused):
                await drain(fleet, FIRST, seconds=seconds)
        await drain(fleet, FIRST, wait=600)
        with pytest.raises(domain.DrainedAlready):
            await drain(fleet, FIRST)
        one_drain = await the_only(fleet)
        await lift(fleet, one_drain.id)
        with pytest.raises(domain.DrainNotFound):
            await lift(fleet, one_drain.id)


async def announced_at(fleet: Fleet) -> bool:
    return (await the_only(fleet)).announced_at is not None


async def fully_drained(fleet: Fleet, many: int = 1) -> bool:
    found = await fleet.ask("SELECT FROM speakers WHERE drained_at IS NOT NULL")
    return len(found) == many


async def skipped(fleet: Fleet, stage: str) -> bool:
    rows = await fleet.ask(
        "SELECT detail FROM route_alarms WHERE kind = 'stage_skipped' AND subject = :stage",
        stage=stage,
    )
    return rows == [("it is drained",)]


async def waits_for(fleet: Fleet, prefix: Prefix) -> Awaited | None:
    async with fleet.store.transaction() as tx:
        found = await tx.bgp_prefixes.view(await fleet.desired(prefix), 1)
        return found.waiting_for.what if found.waiting_for else None


async def says(fleet: Fleet, words: str) -> bool:
    rows = await fleet.ask("SELECT detail FROM route_alarms WHERE kind = 'drained'")
    return any(words in detail for (detail,) in rows)


async def test_every_drain_is_shown(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        await drain(fleet, FIRST)
        await until(lambda: in_state(fleet, "down"))
        two.disable_by_hand(PEER)
        await until(lambda: drains_stand(fleet, 2))
        assert await standing(fleet) == [
            ("stage 1", "down", "A. Person"),
            (f"two to {PEER}", "down", "the speaker's operator"),
        ]
        await until(lambda: says(fleet, "by A. Person: new line cards"))


async def drains_stand(fleet: Fleet, many: int) -> bool:
    return [how for _, how, _ in await standing(fleet)] == ["down"] * many
