"""Routes 3.1: speakers' settings are a revision in the database; a changed one travels."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address

import pytest

from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Community, Path, PathAttributes
from byoip.domain.speakers import revision
from byoip.usecases.speakers import revisions
from tests.announcing import (
    MARKING,
    OWNER,
    PEER,
    Fleet,
    listener,
    looks,
    reconciling,
    speaker,
    until,
)
from tests.fakes.speaker import FakeListener, FakeSpeaker

MARK = Community(64500, 9)
CHANGED = replace(
    MARKING,
    next_hop4=ip_address("192.0.2.9"),  # type: ignore[arg-type]
    communities=frozenset({MARK}),
)
CIDRS = [f"31.0.{number}.0/24" for number in range(20)]


@asynccontextmanager
async def announced(
    fleet: Fleet, *speakers: FakeSpeaker, ears: Sequence[FakeListener] = ()
) -> AsyncIterator[list[Prefix]]:
    """Twenty routes that are seen at every stage; the worker ends, and nothing is told any more."""
    prefixes = await fleet.add(*CIDRS)
    async with reconciling(fleet, *speakers, listeners=ears):
        await fleet.announce(*prefixes)
        await until(fleet.settled)
        await until(lambda: all(one.feeds(PEER) for one in speakers))
    for one in speakers:
        one.asked.clear()
    yield prefixes


def has(one: FakeSpeaker, attributes: PathAttributes) -> bool:
    """Whether all that it holds has these attributes."""
    shapes = {(path.next_hop, path.communities) for path in one.paths.values()}
    return shapes == {(attributes.next_hop4, attributes.communities)}


def told(one: FakeSpeaker) -> bool:
    return one.calls("announce") + one.calls("withdraw") > 0


async def stands(fleet: Fleet, kind: str, words: str = "") -> bool:
    said = await fleet.ask("SELECT detail FROM route_alarms WHERE kind = :kind", kind=kind)
    return any(words in detail for (detail,) in said)


async def states(fleet: Fleet) -> list[tuple[int, str]]:
    return [
        (number, state)
        for number, state in await fleet.ask(
            "SELECT number, state FROM speaker_revisions ORDER BY number"
        )
    ]


async def apply(fleet: Fleet, *, proposal: str = "", planned_for: int = 1) -> int:
    """What is proposed, or the one thing that is."""
    if not proposal:
        (one,) = await fleet.routes.revisions.differing(doubted=True)
        proposal = one.digest
    async with fleet.store.transaction(actor=Actor("credential:9", "applied")) as tx:
        made = await revisions.apply(
            tx, proposal, planned_for=planned_for, name="A. Person", reason="new routers"
        )
        return made.number


async def test_a_standby_with_another_file_rewrites_nothing_and_is_an_alarm(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with announced(fleet, one, two, ears=[ear]) as prefixes:
        (new,) = await fleet.add("31.1.0.0/24")
        async with reconciling(
            fleet, one, two, listeners=[ear], attributes=CHANGED, only_proposes=True
        ):
            await until(lambda: stands(fleet, "settings_differ", "next_hop4: 192.0.2.1 -> 192.0."))
            await looks(one, two)
            assert not told(one)
            assert not told(two)
            await fleet.announce(new)  # it has work all the same, by what is in force
            await until(fleet.settled)
            await until(lambda: has(one, MARKING) and has(two, MARKING))
            assert set(one.paths) == {*prefixes, new}
    assert await states(fleet) == [(1, "in_force")]


async def test_a_change_reaches_the_second_stage_once_it_was_seen_at_the_first(
    fleet: Fleet,
) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with (
        announced(fleet, one, two, ears=[ear]),
        reconciling(fleet, one, two, listeners=[ear], attributes=CHANGED, only_proposes=True),
    ):
        await until(lambda: stands(fleet, "settings_differ"))
        blind = asyncio.Event()
        one.asked.clear()
        one.put = blinding(one, ear, blind)  # type: ignore[method-assign]
        await apply(fleet)
        await until(blind.is_set)
        await until(lambda: has(one, CHANGED))
        await until(lambda: stands(fleet, "settings_waiting", "stage 1: listener does not answer"))
        await looks(one, two)
        assert not told(two)
        ear.trouble = False
        await until(lambda: has(two, CHANGED))
        await until(lambda: in_force(fleet, 2))
        await until(lambda: over(fleet, "settings_differ"))
        await until(lambda: over(fleet, "settings_waiting"))
    assert ear.withdrawals() == []
    history = await fleet.ask("SELECT kind FROM operator_events ORDER BY number")
    assert history == [("speaker_settings.applied",), ("speaker_settings.in_force",)]


def blinding(one: FakeSpeaker, ear: FakeListener, done: asyncio.Event) -> Callable[..., None]:
    """The listener answers no more as soon as this speaker is told anything, once."""
    put = one.put

    def blind(*paths: Path) -> None:
        put(*paths)
        ear.trouble |= not done.is_set()
        done.set()

    return blind


async def test_it_is_taken_back_where_routes_vanish(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    ear.drops.add(MARK)
    async with (
        announced(fleet, one, two, ears=[ear]),
        reconciling(fleet, one, two, listeners=[ear], attributes=CHANGED, only_proposes=True),
    ):
        await until(lambda: stands(fleet, "settings_differ"))
        await apply(fleet)
        await until(lambda: has(one, CHANGED))
        await until(lambda: stands(fleet, "settings_taken_back", "20 routes have vanished"))
        await until(lambda: has(one, MARKING))
        await looks(one, two)
        assert not told(two)
    assert await states(fleet) == [(1, "in_force"), (2, "taken_back")]
    assert ear.withdrawals() == [], "the second stage has fed it"
    history = await fleet.ask("SELECT kind FROM operator_events ORDER BY number DESC LIMIT 1")
    assert history == [("speaker_settings.taken_back",)]


async def test_the_next_leader_goes_on_from_what_is_on_record(fleet: Fleet) -> None:
    """The first one dies after the first stage was told; routes vanish while no worker runs."""
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with announced(fleet, one, two, ears=[ear]):
        async with reconciling(
            fleet, one, two, listeners=[ear], attributes=CHANGED, only_proposes=True
        ):
            await until(lambda: stands(fleet, "settings_differ"))
            done = asyncio.Event()
            one.put = blinding(one, ear, done)  # type: ignore[method-assign]
            await apply(fleet)
            await until(done.is_set)
        assert await states(fleet) == [(1, "in_force"), (2, "travelling")]
        one.lose(Prefix.parse(CIDRS[0]))
        one.loses.add(Prefix.parse(CIDRS[0]))
        ear.trouble = False
        async with reconciling(fleet, one, two, listeners=[ear], only_proposes=True):
            await until(lambda: in_state(fleet, 2, "taken_back"))
            one.loses.clear()
            await until(lambda: has(one, MARKING))
            assert not told(two)


async def test_repairs_go_on_while_it_waits(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with (
        announced(fleet, one, two, ears=[ear]) as prefixes,
        reconciling(fleet, one, two, listeners=[ear], attributes=CHANGED, only_proposes=True),
    ):
        await until(lambda: stands(fleet, "settings_differ"))
        one.put = blinding(one, ear, asyncio.Event())  # type: ignore[method-assign]
        await apply(fleet)
        await until(lambda: stands(fleet, "settings_waiting", "does not answer"))
        for each in (one, two):
            each.kill()
            each.start()
        await until(lambda: set(one.paths) == set(two.paths) == set(prefixes))
        assert has(one, CHANGED)
        assert has(two, MARKING)
        await until(lambda: two.feeds(PEER) and one.feeds(PEER))


async def test_operators_take_it_back(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with (
        announced(fleet, one, two, ears=[ear]),
        reconciling(fleet, one, two, listeners=[ear], attributes=CHANGED, only_proposes=True),
    ):
        await until(lambda: stands(fleet, "settings_differ"))
        one.put = blinding(one, ear, asyncio.Event())  # type: ignore[method-assign]
        await apply(fleet)
        await until(lambda: stands(fleet, "settings_waiting", "does not answer"))
        async with fleet.store.transaction(actor=OWNER) as tx:
            back = await revisions.take_back(tx, name="A. Person", reason="not today")
            assert back.number == 1
        await until(lambda: has(one, MARKING))
        assert has(two, MARKING)


async def test_an_earlier_revision_travels_again_whatever_the_file_says(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with (
        announced(fleet, one, two, ears=[ear]),
        reconciling(fleet, one, two, listeners=[ear], attributes=CHANGED, only_proposes=True),
    ):
        await until(lambda: stands(fleet, "settings_differ"))
        first = await fleet.routes.revisions.in_use()
        assert first
        await apply(fleet)
        await until(lambda: in_force(fleet, 2))
        await until(lambda: over(fleet, "settings_differ"))
        assert await apply(fleet, proposal=first.in_force.digest, planned_for=2) == 3
        await until(lambda: in_force(fleet, 3))
        assert has(one, MARKING)
        assert has(two, MARKING)
        await until(lambda: stands(fleet, "settings_differ"))
    assert ear.withdrawals() == []


async def test_what_cannot_be_applied(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with (
        announced(fleet, one, two),
        reconciling(fleet, one, two, attributes=CHANGED, only_proposes=True),
    ):
        await until(lambda: stands(fleet, "settings_differ"))
        (proposal,) = await fleet.routes.revisions.differing()
        known = await fleet.routes.revisions.in_use()
        assert known
        with pytest.raises(revision.NothingTravels):
            await take_back(fleet)
        for digest, planned_for, refused in (
            ("other", 1, revision.ProposalNotFound),
            (proposal.digest, 7, revision.RevisionMoved),
            (known.in_force.digest, 1, revision.RevisionUnchanged),
        ):
            async with fleet.store.transaction(actor=OWNER) as tx:
                with pytest.raises(refused):
                    await revisions.apply(
                        tx, digest, planned_for=planned_for, name="A. Person", reason="why"
                    )
        twice = (apply(fleet, proposal=proposal.digest) for _ in range(2))
        ended = await asyncio.gather(*twice, return_exceptions=True)
        assert {type(one) for one in ended} == {int, revision.RevisionTravels}
        await until(lambda: in_force(fleet, 2))


async def take_back(fleet: Fleet) -> None:
    async with fleet.store.transaction(actor=OWNER) as tx:
        await revisions.take_back(tx, name="A. Person", reason="why")


async def in_state(fleet: Fleet, number: int, state: str) -> bool:
    return (number, state) in await states(fleet)


async def in_force(fleet: Fleet, number: int) -> bool:
    return await in_state(fleet, number, "in_force")


async def over(fleet: Fleet, kind: str) -> bool:
    return not await fleet.alarms(kind)
