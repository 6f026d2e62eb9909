"""Routes 3.3: the next leader goes on with drains, and a restored database takes nothing down."""

import pytest

from byoip.domain.speakers.drain import DrainTarget
from byoip.domain.speakers.revision import RevisionTravels
from byoip.usecases.speakers.forget_applied import forget_applied
from tests.announcing import PEER, Fleet, listener, looks, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker, Trouble
from tests.routes.drains import BY, drain, in_state, lift, none_stands, standing
from tests.routes.test_3_1_revision import CHANGED, apply, has, in_force, stands
from tests.routes.test_3_3_drains import FIRST, announced, announced_at, says


async def test_one_leader_after_the_other_takes_one_step(fleet: Fleet) -> None:
    """Each ends as soon as its step is on record, or the speaker was told."""
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        pass
    made = await drain(fleet, FIRST, wait=1)
    async with reconciling(fleet, one, two):
        await until(lambda: announced_at(fleet))
    async with reconciling(fleet, one, two):
        await until(lambda: in_state(fleet, "down"))
    async with reconciling(fleet, one, two):
        await until(lambda: not one.feeds(PEER))
    await lift(fleet, made.id)
    async with reconciling(fleet, one, two):
        await until(lambda: one.feeds(PEER))
        assert two.calls("disable") == 0
    async with reconciling(fleet, one, two):
        await until(lambda: none_stands(fleet))
        await looks(one, two)
        assert one.feeds(PEER)
        assert one.drained == set()


async def test_no_leader_takes_a_session_down_before_it_has_warned_the_neighbour(
    fleet: Fleet,
) -> None:
    """Another one had it on record that it is to go down, and died: its word may have been lost."""
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        pass
    await drain(fleet, FIRST, wait=2)
    await fleet.do("UPDATE speaker_drains SET announced_at = now(), down_at = now()")
    one.asked.clear()
    async with reconciling(fleet, one, two):
        await until(lambda: one.drained == {PEER})
        await looks(one)
        assert one.feeds(PEER)
        await until(lambda: not one.feeds(PEER))


async def test_what_was_withdrawn_meanwhile_does_not_come_up_with_the_drained_stage(
    fleet: Fleet,
) -> None:
    """Also if no worker ran, and the withdrawal has not got through the stages before."""
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with announced(fleet, one, two, ears=[ear]) as prefixes:
        made = await drain(fleet, DrainTarget(stage=2))
        await until(lambda: not two.feeds(PEER))
        await until(lambda: in_state(fleet, "down"))
    gone = prefixes[0]
    await fleet.withdraw(gone)
    await lift(fleet, made.id)
    one.trouble, one.troubled = Trouble.REFUSED, frozenset({"withdraw"})
    async with reconciling(fleet, one, two, listeners=[ear]):
        await until(lambda: two.feeds(PEER))
        assert gone not in two.paths
        one.trouble = None
        await until(fleet.settled)
    assert ear.withdrawals() == [gone]


async def down(fleet: Fleet, one: FakeSpeaker, two: FakeSpeaker) -> None:
    async with announced(fleet, one, two):
        await drain(fleet, FIRST)
        await until(lambda: in_state(fleet, "down"))
        await until(lambda: not one.feeds(PEER))


async def restored(fleet: Fleet) -> None:
    async with fleet.store.transaction(actor=BY) as tx:
        await forget_applied(tx, name="A. Person", reason="restored")


async def test_an_old_drain_of_a_restored_database_takes_nothing_down(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    await down(fleet, one, two)
    one.enable_by_hand(PEER)  # it was lifted after the backup
    await restored(fleet)
    async with reconciling(fleet, one, two):
        await looks(one, two)
        assert one.feeds(PEER)
        assert await none_stands(fleet)


async def test_what_is_down_when_a_database_was_restored_stays_down(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    await down(fleet, one, two)
    await restored(fleet)
    async with reconciling(fleet, one, two):
        await until(lambda: in_state(fleet, "down"))
        assert await standing(fleet) == [(f"one to {PEER}", "down", "the speaker's operator")]
        await looks(one, two)
        assert not one.feeds(PEER)


async def test_new_settings_wait_at_a_drained_stage_and_nothing_is_drained_meanwhile(
    fleet: Fleet,
) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with announced(fleet, one, two, ears=[ear]):
        made = await drain(fleet, FIRST)
        await until(lambda: in_state(fleet, "down"))
    async with reconciling(
        fleet, one, two, listeners=[ear], attributes=CHANGED, only_proposes=True
    ):
        await until(lambda: stands(fleet, "settings_differ"))
        await apply(fleet)
        await until(lambda: stands(fleet, "settings_waiting", "stage 1 has no live speaker"))
        with pytest.raises(RevisionTravels):
            await drain(fleet, FIRST)
        assert not has(two, CHANGED)
        await lift(fleet, made.id)
        await until(lambda: in_force(fleet, 2))
        assert has(one, CHANGED)
        assert has(two, CHANGED)
    assert ear.withdrawals() == []
    assert not await says(fleet, "waits")
