"""Webhooks 6: what is counted for metrics, and what is deleted in time."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from byoip.domain.claims.claim import Claim
from byoip.store.figures import fold_figures
from byoip.store.gauges import Gauges
from byoip.store.hooks import sending
from byoip.store.hooks.sending import prune
from byoip.usecases.hooks import webhooks
from byoip.usecases.hooks.deliver import MOST_IN_A_TURN
from tests.hooks.hooked import Hooked
from tests.hooks.receivers import Receiver, answering

DESCRIBED = "prefix.described"


async def counted(hooked: Hooked, name: str = "byoip_webhooks") -> dict[str, float]:
    [gauge] = [one for one in await Gauges(hooked.engine).read() if one.name == name]
    return {label: value for label, value in gauge.values if value}


async def test_webhooks_are_counted_by_state(hooked: Hooked, claim: Claim, there: Receiver) -> None:
    hook = await hooked.hook(there)
    assert await counted(hooked) == {"pending": 1}
    await hooked.send()
    assert await counted(hooked) == {"active": 1}
    there.answer = answering(500)
    await hooked.happen(claim, DESCRIBED)
    await hooked.send()
    assert await counted(hooked) == {"failing": 1}
    await fold_figures(hooked.engine)
    assert await counted(hooked) == {"failing": 1}
    await hooked.change(hook, enabled=False)
    assert await counted(hooked) == {"disabled": 1}
    await hooked.do(webhooks.remove, hook)
    assert await counted(hooked) == {}


async def test_what_no_worker_sends_is_overdue_after_five_minutes(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hooked.clock.advance(-timedelta(minutes=10))
    hook = await hooked.active(there)
    hooked.clock.advance(timedelta(minutes=6))
    await hooked.do(webhooks.replay, hook, after=0)
    await fold_figures(hooked.engine)
    assert await counted(hooked, "byoip_webhooks_overdue") == {}
    hooked.clock.advance(-timedelta(minutes=4))
    await hooked.happen(claim, DESCRIBED)
    await hooked.do(webhooks.replay, hook, after=hook.cursor)
    await fold_figures(hooked.engine)
    assert await counted(hooked, "byoip_webhooks_overdue") == {"": 1}
    await hooked.change(hook, enabled=False)
    await fold_figures(hooked.engine)
    assert await counted(hooked, "byoip_webhooks_overdue") == {}


async def test_one_that_gets_a_long_feed_is_not_overdue(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    """A replay of some minutes, which any customer may ask for, called a person."""
    hooked.clock.advance(-timedelta(minutes=10))
    hook = await hooked.active(there)
    await hooked.happen(claim, *[DESCRIBED] * 2 * MOST_IN_A_TURN)
    hooked.clock.advance(timedelta(minutes=10))
    await hooked.deliver()(hook.id)
    await fold_figures(hooked.engine)
    assert not await hooked.has_all(hook)
    assert await counted(hooked, "byoip_webhooks_overdue") == {}


async def test_what_waits_for_a_failing_receiver_is_not_overdue(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hooked.clock.advance(-timedelta(minutes=10))
    await hooked.active(there)
    there.answer = answering(503, "Retry-After: 86400")
    await hooked.happen(claim, DESCRIBED)
    await hooked.send()
    await fold_figures(hooked.engine)
    assert await counted(hooked, "byoip_webhooks_overdue") == {}


async def test_attempts_are_deleted_after_a_month(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    hooked.clock.advance(timedelta(days=20))
    await hooked.happen(claim, *[DESCRIBED] * 5)
    await hooked.send()
    assert len(await hooked.deliveries(hook)) == 6
    hooked.clock.advance(timedelta(days=11))
    assert await prune(hooked.engine, hooked.clock.at, page=2) == 1
    assert len(await hooked.deliveries(hook)) == 5
    hooked.clock.advance(timedelta(days=20))
    assert await prune(hooked.engine, hooked.clock.at, page=2) == 5


async def test_of_ended_webhooks_an_account_keeps_the_last_ones_and_those_of_a_month(
    hooked: Hooked, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made and ended in a loop, they fill no table; nor do their attempts."""
    monkeypatch.setattr(sending, "MOST_ENDED", 2)
    made = []
    for _ in range(5):
        made.append(await hooked.active(there))
        await hooked.do(webhooks.remove, made[-1])
        hooked.clock.advance(timedelta(hours=1))
    live = await hooked.active(there)

    async def rows() -> list[int]:
        async with hooked.engine.connect() as connection:
            counts = "SELECT (SELECT count(*) FROM webhooks), count(*) FROM webhook_deliveries"
            return list((await connection.execute(text(counts))).one())

    assert await rows() == [6, 6]
    assert await prune(hooked.engine, hooked.clock.now(), page=2) == 6
    assert await rows() == [3, 3]
    hooked.clock.advance(timedelta(days=31))
    await prune(hooked.engine, hooked.clock.now())
    assert await rows() == [1, 0]
    assert (await hooked.read(live)).state == "active"
    assert await counted(hooked) == {"active": 1}
