"""Webhooks 4: the feed is sent in its order, one event after the other; none is left out."""

import asyncio
from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.hooks.message import LARGEST_BODY
from byoip.domain.hooks.refusals import EventBeyondFeed, TooManyWebhooks, WebhookNotActive
from byoip.usecases.hooks import webhooks
from tests.hooks.hooked import SECOND, Hooked
from tests.hooks.receivers import Got, Receiver, answering, receiver

DESCRIBED = "prefix.described"


async def test_a_test_comes_first_and_events_only_once_it_was_taken(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    there.answer = answering(500)
    hook = await hooked.hook(there)
    await hooked.happen(claim, DESCRIBED)
    await hooked.send()
    assert [one.shown["type"] for one in there.got] == ["endpoint.test"]
    assert (await hooked.read(hook)).state == "pending"
    hooked.clock.advance(timedelta(days=4))
    await hooked.send()
    assert len(there.got) == 1, "a test is sent once, and again when it is asked for"
    there.answer = answering(200)
    await hooked.do(webhooks.test, hook)
    await hooked.send()
    assert [one.shown["type"] for one in there.got[1:]] == ["endpoint.test", DESCRIBED]


async def test_changing_its_kinds_or_words_has_nothing_sent_anew(
    hooked: Hooked, there: Receiver
) -> None:
    """Nobody has said yes at that URL: a PATCH, which is not paced, must not bring another test."""
    hook = await hooked.hook(there)

    async def change(_: Got, writer: asyncio.StreamWriter) -> None:
        await hooked.change(hook, description="other words", kinds=[DESCRIBED])
        await answering(500)(_, writer)

    there.answer = change
    await hooked.send()
    assert [one.shown["type"] for one in there.got] == ["endpoint.test"]
    assert len(await hooked.deliveries(hook)) == 1


async def test_events_come_in_order_and_each_once(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    for _ in range(4):
        await hooked.happen(claim, *[DESCRIBED] * 20)
    await hooked.send()
    first = hook.cursor + 1
    assert there.numbers == list(range(first, first + 80))
    assert there.most == 1, "one at a time"
    previous = [one.shown["data"]["previous"] for one in there.got]
    assert previous == list(range(first - 1, first + 79))
    assert (await hooked.read(hook)).cursor == first + 79


async def test_the_data_is_what_the_feed_shows(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    await hooked.active(there)
    await hooked.happen(claim, DESCRIBED, description="ours")
    await hooked.send()
    [got] = there.got
    [kept] = await hooked.reader.account_events(hooked.account_id, after=got.number - 1, limit=1)
    shown = got.shown["data"]
    assert got.shown["type"] == shown["kind"] == kept.event.kind == DESCRIBED
    assert (shown["prefix_id"], shown["prefix_number"]) == (claim.id.hex, kept.event.number)
    assert (shown["before"], shown["after"]) == (kept.event.before, kept.event.after)
    assert got.shown["timestamp"] == shown["at"] == kept.event.at.isoformat().replace("+00:00", "Z")
    epoch = (await hooked.queue.epochs.current()).hex
    assert got.id == f"evt_{epoch}_{hooked.account_id.hex}_{got.number}"
    assert "." not in got.id


async def test_an_event_that_is_too_large_is_sent_without_what_changed(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    await hooked.active(there)
    await hooked.happen(claim, DESCRIBED, description="x" * LARGEST_BODY)
    await hooked.send()
    [got] = there.got
    assert len(got.body) < LARGEST_BODY
    assert got.shown["data"]["shortened"] is True
    assert got.shown["data"]["after"] == {}


async def test_only_wanted_kinds_are_sent_and_the_rest_is_passed_over(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there, "rpki.drifted")
    for _ in range(3):
        await hooked.happen(claim, *[DESCRIBED] * 40, "rpki.drifted")
    await hooked.happen(claim, *[DESCRIBED] * 120)
    await hooked.send()
    first = hook.cursor + 41
    assert there.numbers == [first, first + 41, first + 82]
    previous = [one.shown["data"]["previous"] for one in there.got]
    assert previous == [hook.cursor, first, first + 41], "what it did not want is no gap"
    assert (await hooked.read(hook)).cursor == await hooked.newest()


async def test_a_failing_receiver_gets_the_same_event_again_before_any_other(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    there.answer = answering(500)
    await hooked.happen(claim, DESCRIBED, DESCRIBED)
    await hooked.send()
    there.answer = answering(204)
    hooked.clock.advance(5 * SECOND)
    await hooked.send()
    first = hook.cursor + 1
    assert there.numbers == [first, first, first + 1]
    assert there.got[0].id == there.got[1].id, "the same id, by which it is known again"
    assert there.got[0].headers["webhook-timestamp"] != there.got[1].headers["webhook-timestamp"]
    log = await hooked.deliveries(hook)
    assert [(one.event_number, one.status) for one in log] == [
        (first + 1, 204),
        (first, 204),
        (first, 500),
        (0, 204),
    ]


async def test_what_a_customer_asks_to_replay_while_one_is_sent_is_not_lost(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    start = hook.cursor
    await hooked.happen(claim, DESCRIBED, DESCRIBED)

    async def replay_meanwhile(_: Got, writer: asyncio.StreamWriter) -> None:
        there.answer = answering(204)
        await hooked.do(webhooks.replay, hook, after=start - 1)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    there.answer = replay_meanwhile
    await hooked.send()
    assert there.numbers == [start + 1, start, start + 1, start + 2]


async def test_what_was_sent_to_another_url_moves_nothing(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    await hooked.happen(claim, DESCRIBED)
    async with receiver() as other:

        async def move_meanwhile(_: Got, writer: asyncio.StreamWriter) -> None:
            await hooked.change(hook, url=other.url)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

        there.answer = move_meanwhile
        await hooked.send()
        assert there.numbers == other.numbers == [hook.cursor + 1]
        assert [one.number for one in other.got] == [0, hook.cursor + 1], "after a test"


async def test_one_event_is_sent_again_with_its_id(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    await hooked.happen(claim, DESCRIBED, DESCRIBED)
    await hooked.send()
    number = hook.cursor + 1
    await hooked.do(webhooks.redeliver, hook, number=number)
    await hooked.send()
    assert there.numbers == [number, number + 1, number]
    assert there.got[0].id == there.got[2].id
    assert there.got[2].shown["data"]["previous"] is None
    assert (await hooked.read(hook)).cursor == number + 1
    assert (await hooked.read(hook)).again == ()
    with pytest.raises(EventBeyondFeed):
        await hooked.do(webhooks.redeliver, hook, number=number + 2)


async def test_a_disabled_one_gets_nothing_and_goes_on_where_it_was(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    await hooked.change(hook, enabled=False)
    await hooked.happen(claim, DESCRIBED, DESCRIBED)
    await hooked.send()
    assert there.got == []
    with pytest.raises(WebhookNotActive):
        await hooked.do(webhooks.test, hook)
    await hooked.change(hook, enabled=True)
    await hooked.send()
    assert [one.number for one in there.got] == [0, hook.cursor + 1, hook.cursor + 2]


async def test_a_removed_one_gets_nothing(hooked: Hooked, claim: Claim, there: Receiver) -> None:
    hook = await hooked.active(there)
    await hooked.happen(claim, DESCRIBED)
    await hooked.do(webhooks.remove, hook)
    await hooked.send()
    assert there.got == []


async def test_an_account_has_five_at_most_however_many_are_made_at_once(
    hooked: Hooked, there: Receiver
) -> None:
    made = await asyncio.gather(*(hooked.hook(there) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(one, TooManyWebhooks) for one in made) == 3
    assert len(await hooked.hooks.page(hooked.account_id, after=None, limit=100)) == 5


async def test_a_hundred_attempts_are_kept(hooked: Hooked, claim: Claim, there: Receiver) -> None:
    hook = await hooked.active(there)
    await hooked.happen(claim, *[DESCRIBED] * 110)
    await hooked.send()
    log = await hooked.deliveries(hook)
    assert [one.number for one in log] == list(range(111, 11, -1))
    async with hooked.store.transaction() as tx:
        kept = await tx.connection.exec_driver_sql("SELECT count(*) FROM webhook_deliveries")
        assert kept.scalar() == 100


async def test_two_workers_send_nothing_twice(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    await hooked.happen(claim, *[DESCRIBED] * 60)
    workers = [hooked.notifier() for _ in range(2)]
    while await hooked.queue.due(hooked.clock.now(), [], 1):
        await asyncio.gather(*(one.look() for one in workers))
        await asyncio.gather(*(one.settled() for one in workers))
    assert there.numbers == list(range(hook.cursor + 1, hook.cursor + 61))
    assert there.most == 1
