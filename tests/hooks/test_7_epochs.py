"""Webhooks 7: after a loss of the database, numbers are given again, and receivers are told."""

from datetime import timedelta

import sqlalchemy as sa

from byoip.domain.claims.claim import Claim
from byoip.domain.history import Actor
from byoip.usecases.hooks import webhooks
from byoip.usecases.speakers.forget_applied import forget_applied
from tests.hooks.hooked import Hooked
from tests.hooks.receivers import Receiver, answering

DESCRIBED = "prefix.described"
COUNT_AGAIN = """
    UPDATE event_counters SET last = (
        SELECT max(number) FROM events WHERE events.prefix_id = event_counters.prefix_id)
"""
WITNESS = """
    INSERT INTO witnesses (process, name, seen_at)
    SELECT gen_random_uuid(), 'a:1', max(at) + interval '1 hour' FROM events
"""


async def lose(hooked: Hooked, last: int) -> None:
    """A failover that lost all after the event of this number; the next have new times."""
    async with hooked.store.transaction(actor=Actor("cli", "cli-1")) as tx:
        for one in (
            "SET LOCAL session_replication_role = replica",  # the history is only ever added to
            f"DELETE FROM events WHERE account_number > {last}",  # noqa: S608 - a number
            f"UPDATE account_event_counters SET last = {last}",  # noqa: S608 - a number
            COUNT_AGAIN,
            "SET LOCAL session_replication_role = origin",
            WITNESS,
        ):
            await tx.connection.execute(sa.text(one))
        await forget_applied(tx, name="A", reason="last night's backup")
    hooked.clock.advance(timedelta(hours=2))


async def test_a_receiver_is_told_of_the_restart_and_gets_what_follows_the_safe_number(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    first, before = hook.cursor + 1, hook.epoch
    await hooked.happen(claim, *[DESCRIBED] * 5)
    await hooked.send()
    there.got.clear()
    await lose(hooked, first + 1)
    await hooked.send()
    [told] = there.got
    assert told.shown["type"] == "feed.restarted"
    data = told.shown["data"]
    assert (data["after"], data["epoch_before"]) == (first + 1, before.hex)
    epoch = (await hooked.queue.epochs.current()).hex
    assert data["epoch"] == epoch != before.hex
    await hooked.happen(claim, DESCRIBED, DESCRIBED)
    await hooked.send()
    assert there.numbers == [first + 2, first + 3]
    assert all(one.id.startswith(f"evt_{epoch}_") for one in there.got[1:])
    assert there.got[1].shown["data"]["previous"] == first + 1


async def test_nothing_of_the_new_epoch_comes_before_the_restart_was_taken(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    await hooked.happen(claim, *[DESCRIBED] * 3)
    await hooked.send()
    there.got.clear()
    await lose(hooked, hook.cursor + 1)
    await hooked.happen(claim, *[DESCRIBED] * 3)
    there.answer = answering(500)
    await hooked.send()
    hooked.clock.advance(timedelta(seconds=5))
    await hooked.send()
    assert [one.shown["type"] for one in there.got] == ["feed.restarted"] * 2
    there.answer = answering(200)
    hooked.clock.advance(timedelta(minutes=5))
    await hooked.send()
    assert there.numbers == [hook.cursor + 2, hook.cursor + 3, hook.cursor + 4]


async def test_what_had_not_been_sent_before_the_loss_is_sent_after_it(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    there.answer = answering(500)
    await hooked.happen(claim, *[DESCRIBED] * 4)
    await hooked.send()
    await lose(hooked, hook.cursor + 3)
    there.answer = answering(200)
    there.got.clear()
    await hooked.send()
    assert there.got[0].shown["data"]["after"] == hook.cursor
    assert there.numbers == [hook.cursor + 1, hook.cursor + 2, hook.cursor + 3]


async def test_what_was_asked_to_be_sent_again_and_is_lost_is_forgotten(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    await hooked.happen(claim, *[DESCRIBED] * 3)
    await hooked.send()
    await hooked.do(webhooks.redeliver, hook, number=hook.cursor + 3)
    await lose(hooked, hook.cursor + 1)
    await hooked.send()
    assert (await hooked.read(hook)).again == ()


async def test_a_restart_that_is_not_taken_is_waited_for_whatever_else_is_to_be_sent_again(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    """Else it is due at each look of each worker, two writes each, and nothing is sent."""
    hook = await hooked.active(there)
    await hooked.happen(claim, *[DESCRIBED] * 3)
    await hooked.do(webhooks.redeliver, hook, number=hook.cursor + 1)
    await lose(hooked, hook.cursor + 1)
    there.answer = answering(500)
    await hooked.send()
    assert (await hooked.read(hook)).again
    assert not await hooked.queue.due(hooked.clock.now(), [], 1)
    there.answer = answering(200)
    hooked.clock.advance(timedelta(seconds=5))
    there.got.clear()
    await hooked.send()
    assert [one.shown["type"] for one in there.got] == ["feed.restarted", DESCRIBED]
