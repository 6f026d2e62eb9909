"""Webhooks 5: when what was not taken is sent again, and what ends that. The clock is set."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.hooks.refusals import WebhookStoppedByOperator
from byoip.domain.hooks.schedule import JITTER, PAUSES, pause
from byoip.domain.hooks.webhook import Webhook
from byoip.usecases.hooks import webhooks
from tests.hooks.hooked import SECOND, Hooked
from tests.hooks.receivers import Receiver, answering
from tests.store.samples import BY
from tests.usecases.verbs import Verb

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DESCRIBED = "prefix.described"


async def tick(hooked: Hooked, there: Receiver, until: timedelta, step: timedelta) -> list[float]:
    """Seconds after the start at which something came."""
    start, came = hooked.clock.at, []
    while hooked.clock.at - start <= until:
        before = len(there.got)
        await hooked.send()
        came += [(hooked.clock.at - start).total_seconds()] * (len(there.got) - before)
        hooked.clock.advance(step)
    return came


async def test_a_receiver_that_is_down_for_an_hour_gets_everything_then(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    there.answer = answering(503)
    await hooked.happen(claim, DESCRIBED)
    came = await tick(hooked, there, HOUR, 5 * SECOND * 12)
    assert came == [0, 60, 360, 2160], "at once, then after 5 s, 5 min, 30 min, to the minute"
    await hooked.happen(claim, DESCRIBED, DESCRIBED)
    shown = await hooked.read(hook)
    assert (shown.failures, shown.cursor) == (4, hook.cursor)
    there.answer = answering(200)
    there.got.clear()
    hooked.clock.advance(2 * HOUR)
    await hooked.send()
    assert there.numbers == [hook.cursor + 1, hook.cursor + 2, hook.cursor + 3]
    shown = await hooked.read(hook)
    assert (shown.failures, shown.failing_since) == (0, None)


async def test_after_ten_attempts_in_76_hours_it_is_disabled_and_nothing_is_lost(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    there.answer = answering(500)
    await hooked.happen(claim, DESCRIBED)
    came = await tick(hooked, there, timedelta(hours=100), 10 * MINUTE)
    assert len(came) == 10
    assert 75 * 3600 < came[-1] < 78 * 3600
    shown = await hooked.read(hook)
    assert (shown.state, shown.because, shown.cursor) == ("disabled", "failing", hook.cursor)
    there.answer = answering(200)
    await hooked.change(hook, enabled=True)
    await hooked.send()
    assert there.numbers[10:] == [hook.cursor + 1]
    [line] = await _operators_lines(hooked)
    assert "took none of the attempts" in line


async def _operators_lines(hooked: Hooked) -> Sequence[str]:
    async with hooked.store.transaction() as tx:
        found = await tx.connection.exec_driver_sql(
            "SELECT reason FROM operator_events WHERE kind = 'webhook.disabled'"
        )
        return [row.reason for row in found]


async def test_410_disables_it_at_once(hooked: Hooked, claim: Claim, there: Receiver) -> None:
    hook = await hooked.active(there)
    there.answer = answering(410)
    await hooked.happen(claim, DESCRIBED, DESCRIBED)
    await hooked.send()
    assert len(there.got) == 1
    shown = await hooked.read(hook)
    assert (shown.state, shown.because, shown.cursor) == ("disabled", "gone", hook.cursor)


async def test_operators_are_told_once_a_day_that_receivers_of_an_account_are_gone(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    """Enabled again and again, or made anew, it takes its test and then answers 410."""

    async def gone(hook: Webhook) -> None:
        there.answer = answering(410)
        await hooked.happen(claim, DESCRIBED)
        await hooked.send()
        assert (await hooked.read(hook)).because == "gone"
        there.answer = answering(200)

    for _ in range(2):
        hook = await hooked.active(there)
        for _ in range(5):
            await gone(hook)
            await hooked.change(hook, enabled=True)
            await hooked.send()
            hooked.clock.advance(MINUTE)
        await hooked.do(webhooks.remove, hook)
    assert len(await _operators_lines(hooked)) == 1
    other = await hooked.new_account()
    hook = await hooked.active(there, account_id=other)
    claim = await hooked.claim("45.0.0.0/23", account_id=other)
    await gone(hook)
    assert len(await _operators_lines(hooked)) == 2
    await hooked.change(hook, enabled=True)
    await hooked.send()
    hooked.clock.advance(24 * HOUR)
    await gone(hook)
    assert len(await _operators_lines(hooked)) == 3


async def test_retry_after_is_heeded_up_to_a_day(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    there.answer = answering(429, "Retry-After: 900")
    await hooked.happen(claim, DESCRIBED)
    came = await tick(hooked, there, 16 * MINUTE, MINUTE)
    assert came == [0, 900]
    there.answer = answering(503, "Retry-After: 999999999")
    hooked.clock.advance(HOUR)
    await hooked.send()
    shown = await hooked.read(hook)
    assert shown.next_at - hooked.clock.at == timedelta(days=1)


async def test_a_test_that_is_taken_ends_the_waiting(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    there.answer = answering(500)
    await hooked.happen(claim, DESCRIBED)
    for _ in range(3):
        await hooked.send()
        hooked.clock.advance(6 * MINUTE)
    there.answer = answering(200)
    there.got.clear()
    await hooked.send()
    assert there.got == []
    await hooked.do(webhooks.test, hook)
    await hooked.send()
    assert [one.number for one in there.got] == [0, hook.cursor + 1]


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_pauses_grow_and_are_a_fifth_longer_at_most(chance: float) -> None:
    none = timedelta(0)
    made = [pause(count, none, chance) for count in range(1, 10)]
    assert made == [one * (1 + JITTER * chance) for one in PAUSES]
    assert pause(10, none, chance) is None


async def test_what_the_operator_disables_only_the_operator_enables(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    stop, go_on = (Verb(hooked.store, one) for one in (webhooks.stop, webhooks.let_go_on))
    await stop(hook.id, reason="It floods a third party.", by=BY)
    await hooked.happen(claim, DESCRIBED)
    await hooked.change(hook, enabled=False)
    with pytest.raises(WebhookStoppedByOperator):
        await hooked.change(hook, enabled=True)
    await hooked.change(hook, url=f"{there.url}/another")
    await hooked.send()
    assert there.got == []
    await go_on(hook.id, reason="Settled.", by=BY)
    await hooked.send()
    assert [one.number for one in there.got] == [0, hook.cursor + 1]


@pytest.mark.parametrize("status", [301, 304, 307, 400, 401, 404, 500])
async def test_only_2xx_is_a_yes(
    hooked: Hooked, claim: Claim, there: Receiver, status: int
) -> None:
    hook = await hooked.active(there)
    there.answer = answering(status, "Location: /elsewhere")
    await hooked.happen(claim, DESCRIBED)
    await hooked.send()
    assert len(there.got) == 1
    assert (await hooked.read(hook)).cursor == hook.cursor
