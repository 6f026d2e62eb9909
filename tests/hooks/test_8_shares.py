"""Webhooks 8: a slow receiver delays itself alone."""

import asyncio
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

import pytest

from byoip.domain.claims.claim import Claim
from byoip.store.hooks.views import Due
from byoip.usecases.hooks import webhooks
from byoip.usecases.hooks.deliver import MOST_IN_A_TURN
from byoip.worker.notifying import Notifier
from tests.announcing import until
from tests.counting import counted
from tests.hooks.hooked import Hooked
from tests.hooks.receivers import OK, Got, Receiver, never, receiver
from tests.leaping import leap
from tests.store.samples import SetClock

DESCRIBED = "prefix.described"


async def test_of_two_webhooks_of_an_account_one_hangs_and_the_other_gets_everything(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    async with receiver() as slow:
        hook = await hooked.active(there)
        await hooked.active(slow)
        answers = asyncio.Event()

        async def late(_: Got, __: asyncio.StreamWriter) -> None:
            await answers.wait()

        slow.answer = late
        hooked.seconds = 300  # its turn lasts until the other one has everything
        await hooked.happen(claim, *[DESCRIBED] * 10)
        notifier = hooked.notifier()
        await notifier.look()
        await until(lambda: hooked.has_all(hook), seconds=60)
        await until(lambda: bool(slow.numbers))
        assert len(slow.numbers) == slow.open == 1
        assert len(there.numbers) == 10
        answers.set()
        await notifier.settled()


async def test_accounts_with_slow_receivers_do_not_keep_another_waiting(
    hooked: Hooked, there: Receiver
) -> None:
    """Three accounts with five slow receivers each, and fourteen places in all."""
    async with receiver() as slow:
        claims = []
        for number in range(3):
            account_id = await hooked.new_account()
            claim = await hooked.claim(f"45.{number}.0.0/23", account_id=account_id)
            for _ in range(5):
                await hooked.hook(slow, account_id=account_id)
            claims.append(claim)
        await hooked.send()
        for claim in claims:
            await hooked.happen(claim, *[DESCRIBED] * 3)
        slow.got.clear()
        slow.answer = never
        hooked.seconds = 300
        running = asyncio.create_task(hooked.notifier(at_once=14).run())
        await until(lambda: slow.open >= 9, seconds=60)  # three parties have three each, or more
        mine = await hooked.claim("45.100.0.0/23")
        hook = await hooked.hook(there)
        await hooked.happen(mine, DESCRIBED)
        await until(lambda: hooked.has_all(hook), seconds=60)  # before any of the slow ones ends
        assert 9 <= len(slow.got) == slow.open <= 12
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await until(lambda: slow.open == 0)


async def test_no_connection_to_the_database_is_held_while_a_receiver_is_waited_for(
    hooked: Hooked, claim: Claim
) -> None:
    async with receiver() as slow:
        await hooked.active(slow)
        slow.answer = never
        hooked.seconds = 300
        await hooked.happen(claim, DESCRIBED)
        notifier = hooked.notifier()
        await notifier.look()
        await until(lambda: bool(slow.numbers))
        async with hooked.store.transaction() as tx:
            found = await tx.connection.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state = 'idle in transaction' AND pid <> pg_backend_pid()"
            )
            assert found.scalar() == 0
        assert slow.open == 1, "it was waited for meanwhile"
        leap(300)
        await notifier.settled()


async def test_what_is_not_wanted_is_passed_over_by_a_few_statements(
    hooked: Hooked, claim: Claim, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that lets nothing pass and a replay, again and again, are work of the database."""
    hook = await hooked.active(there, "prefix.approved")
    await hooked.happen(claim, *[DESCRIBED] * 1500)
    await hooked.do(webhooks.replay, hook, after=0)
    with counted(monkeypatch) as statements:
        assert await hooked.deliver()(hook.id) == 2  # of a turn, after which it rests
    assert await hooked.has_all(hook)
    assert len(statements) < 30, len(statements)
    await hooked.happen(claim, DESCRIBED, "prefix.approved", DESCRIBED)
    await hooked.send()
    assert there.numbers == [await hooked.newest() - 1]
    assert await hooked.has_all(hook)


async def test_a_quick_receiver_of_a_long_feed_rests_after_each_turn(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    await hooked.happen(claim, *[DESCRIBED] * 2 * MOST_IN_A_TURN)
    notifier = hooked.notifier(rest=300)

    async def turn_is_over() -> bool:
        return len(await hooked.queue.due(hooked.clock.now(), [], 1)) == 1

    await notifier.look()
    await until(lambda: len(there.numbers) == MOST_IN_A_TURN)
    await until(turn_is_over)
    await notifier.look()
    await asyncio.sleep(0.5)
    assert len(there.numbers) == MOST_IN_A_TURN
    leap(300)
    await notifier.settled()
    await notifier.look()
    await until(lambda: hooked.has_all(hook))
    leap(300)
    await notifier.settled()


async def test_five_quick_receivers_of_an_account_get_no_more_than_one(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    """With replays without end they took a third of a worker's time, or all of it."""
    for _ in range(5):
        await hooked.active(there)
    await hooked.happen(claim, *[DESCRIBED] * 500)
    running = asyncio.create_task(hooked.notifier(rest=1).run())
    await until(lambda: len(there.numbers) >= 5 * MOST_IN_A_TURN, seconds=60)
    before, began = len(there.numbers), time.monotonic()
    await asyncio.sleep(6)
    await until(lambda: len(there.numbers) >= before + MOST_IN_A_TURN, seconds=60)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    seconds = time.monotonic() - began
    assert len(there.numbers) - before <= (seconds + 2) * MOST_IN_A_TURN, "a turn in a second"


async def test_turns_that_a_customer_ends_are_followed_by_rest_as_well(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    """A change lets go of what is being sent: with one after each 20 messages there was no rest."""
    hook = await hooked.active(there)
    await hooked.happen(claim, *[DESCRIBED] * 500)

    async def change_each_twentieth(got: Got, writer: asyncio.StreamWriter) -> None:
        if len(there.got) % 20 == 0:
            await hooked.change(hook, description=f"{got.number}")
        writer.write(OK)

    there.answer = change_each_twentieth
    running = asyncio.create_task(hooked.notifier(rest=3).run())
    began = time.monotonic()
    await until(lambda: len(there.got) >= 20, seconds=60)
    await asyncio.sleep(6)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    turns = 1 + (time.monotonic() - began) / (3 * 20 / MOST_IN_A_TURN)
    assert 20 <= len(there.got) <= 20 * (1 + turns)


@pytest.mark.parametrize("seconds", [0.2, 0.001])
async def test_looking_takes_a_small_part_of_the_time(seconds: float) -> None:
    """Who is due is found by going through all receivers: tens of thousands take a while."""
    looks: list[tuple[float, float]] = []

    class Slow:
        async def due(self, _: datetime, __: Collection[UUID], ___: int) -> Sequence[Due]:
            began = time.monotonic()
            await asyncio.sleep(seconds)
            looks.append((began, time.monotonic()))
            return []

    async def never_sends(_: UUID) -> int:
        raise AssertionError

    running = asyncio.create_task(Notifier(Slow(), never_sends, SetClock()).run())
    # Where they are few it looks again soon: in as many seconds.
    await until(lambda: len(looks) >= (2 if seconds > 0.1 else 8), seconds=60)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    for (began, ended), (again, _) in pairwise(looks):
        assert again - ended >= min(5 * (ended - began), 4)  # it pauses for five at most
