"""Routes 5.4 and 3.3: a change that waits for a drain names it, since when, and until when."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.awaited import Awaited, AwaitedDrain, WaitingFor
from byoip.domain.speakers.drain import Drain, DrainTarget
from byoip.domain.speakers.revision import SpeakerEntry
from byoip.ports.speakers.speaker import Neighbour
from tests.announcing import MARKING, OURS, PEER, Fleet, listener, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.real.edge import ROUTER
from tests.revising import enforce
from tests.routes.drains import drain, lift, none_stands
from tests.routes.test_3_3_drains import announced, fully_drained
from tests.routes.test_3_3_seen_by_a_router import announced as seen_by_a_router
from tests.routes.test_5_4_waiting_for import told, waits

FIRST, TWO, OTHER = DrainTarget(stage=1), DrainTarget("two"), "127.0.0.3"


@asynccontextmanager
async def both_drained(
    fleet: Fleet, *targets: tuple[DrainTarget, float], two: FakeSpeaker | None = None
) -> AsyncIterator[tuple[FakeSpeaker, FakeSpeaker, Prefix, list[Drain]]]:
    """Drains of both speakers for so many seconds, and a withdrawal that no stage can take."""
    one, two = speaker("one"), two or speaker("two")
    async with announced(fleet, one, two, ears=[listener(one, two)]) as prefixes:
        made = [await drain(fleet, each, seconds=end, loses=5) for each, end in targets]
        await until(lambda: fully_drained(fleet, 2))
        await fleet.withdraw(prefixes[0])

        async def noted() -> bool:  # of each speaker, a moment after it was drained
            return await waits(fleet, prefixes[0]) is not None

        await until(noted)
        yield one, two, prefixes[0], made


async def awaited(fleet: Fleet, prefix: Prefix) -> AwaitedDrain:
    """The drain that it waits for, and no other party."""
    found = await waits(fleet, prefix)
    assert found is not None
    assert found.what is Awaited.DRAIN
    assert found.drain is not None
    return found.drain


def named(made: Drain) -> AwaitedDrain:
    return AwaitedDrain(str(made.target), made.since, made.until)


async def test_the_drain_that_ends_first_is_named(fleet: Fleet) -> None:
    async with both_drained(fleet, (FIRST, 3600), (TWO, 1800)) as (_, _, prefix, made):
        first, two = made
        assert await awaited(fleet, prefix) == named(two)
        await drain(fleet, DrainTarget("two", PEER), seconds=7200, loses=5)
        assert await awaited(fleet, prefix) == named(first), "of one session the last to end"
        await lift(fleet, first.id)
        await until(fleet.settled)
        assert await waits(fleet, prefix) is None


async def test_one_session_of_a_speaker_is_enough(fleet: Fleet) -> None:
    down = Neighbour(PEER, Asn(64501), enabled=False, established=False)
    two = FakeSpeaker("two", OURS, [down, replace(down, address=OTHER)])
    to_peer, to_other = (DrainTarget("two", address) for address in (PEER, OTHER))
    targets = (FIRST, 3600), (to_peer, 900), (to_other, 1800)
    async with both_drained(fleet, *targets, two=two) as (_, _, prefix, made):
        assert await awaited(fleet, prefix) == named(made[1])


async def test_what_a_person_took_down_has_no_end(fleet: Fleet) -> None:
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with reconciling(fleet, one, listeners=[listener(one)]):
        await until(fleet.settled)
        one.disable_by_hand(PEER)
        await until(lambda: fully_drained(fleet))
        await fleet.withdraw(prefix)
        (made,) = await fleet.routes.drains.standing()
        assert await waits(fleet, prefix) == WaitingFor(
            Awaited.DRAIN,
            (await fleet.desired(prefix)).modified_at,
            AwaitedDrain(f"one to {PEER}", made.since, None),
        )


async def test_a_stage_that_is_down_is_another_matter(fleet: Fleet) -> None:
    async with both_drained(fleet, (FIRST, 3600), (TWO, 1800)) as (one, two, prefix, made):
        two.kill()

        async def the_other_one() -> bool:
            return await awaited(fleet, prefix) == named(made[0])

        await until(the_other_one)
        one.kill()
        await told(fleet, prefix, "speakers")
        found = await waits(fleet, prefix)
        assert found
        assert found.drain is None


@pytest.mark.parametrize("dies", [False, True], ids=["drained", "down"])
async def test_of_a_family_speakers_without_a_next_hop_for_it_do_not_count(
    fleet: Fleet, *, dies: bool
) -> None:
    one, two = speaker("one"), speaker("two")
    shapes = MARKING, replace(MARKING, next_hop6=None)
    entries = [
        SpeakerEntry(n, n, at, of) for at, (n, of) in enumerate(zip(NAMES, shapes, strict=True), 1)
    ]
    await enforce(fleet.store, fleet.routes, tuple(entries))
    (six,) = await fleet.add("2a00::/32")
    (four,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with reconciling(fleet, one, two, listeners=[listener(one, two)], only_proposes=True):
        await until(fleet.settled)
        if dies:
            one.kill()
        else:
            made = await drain(fleet, FIRST)
            await until(lambda: fully_drained(fleet))
        await fleet.announce(six)
        await told(fleet, six, "speakers" if dies else "drain")
        if not dies:
            assert await awaited(fleet, six) == named(made)
        await fleet.withdraw(four)
        await until(lambda: four not in two.paths)
        await told(fleet, four, None)


NAMES = "one", "two"


@pytest.mark.real
async def test_with_real_speakers_it_is_named_until_it_is_lifted(fleet: Fleet) -> None:
    async with seen_by_a_router(fleet) as (edge, judge, prefixes):
        first = await drain(fleet, FIRST)
        await until(lambda: fully_drained(fleet))
        await judge.withdraw(prefixes[0])
        await until(fleet.settled)  # the other stage takes it
        last = await drain(fleet, DrainTarget("two", ROUTER), seconds=1800, loses=50)
        await until(lambda: fully_drained(fleet, 2))
        await fleet.withdraw(prefixes[1])
        assert await awaited(fleet, prefixes[1]) == named(last)
        await lift(fleet, last.id)
        await until(fleet.settled)
        assert await waits(fleet, prefixes[1]) is None
        assert not edge.router.shows(prefixes[1])
        await lift(fleet, first.id)
        await until(lambda: none_stands(fleet))
