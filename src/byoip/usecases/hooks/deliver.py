"""Sends to one webhook what is next: tests, what is wanted again, then the feed in its order.

claim ─▶ what is next ─▶ POST, no transaction is open ─▶ record, if it is still ours ─▶ what is next

A worker that ends at any line leaves a claim that lapses, and a cursor that has not moved: what it
sent last is sent again, with the same id.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.hooks.destination import Destination, DestinationRules, WebhookUrlRefused
from byoip.domain.hooks.message import (
    About,
    Feed,
    FeedEvent,
    Message,
    event_message,
    message_of_test,
    restart_message,
)
from byoip.domain.hooks.webhook import Attempt, DisabledBy, Webhook, WebhookState
from byoip.ports.clock import Clock
from byoip.ports.hooks.sending import Said, Sender, Signer
from byoip.ports.steady_clock import boottime
from byoip.store.hooks.sending import HookQueue
from byoip.store.transaction import Store, Transaction
from byoip.usecases.hooks.telling import tell_customer

PAGE: Final = 50  # events read at once
MOST_PASSED: Final = 1000  # events that are not wanted, by one statement
MOST_IN_A_TURN: Final = 25  # messages; then others that wait have a turn
TURN_SECONDS: Final = 10.0
GONE_TOLD_AGAIN_AFTER: Final = timedelta(days=1)  # of an account


@dataclass(slots=True)
class _Turn:
    """One worker's turn with one webhook, and what it has read of the feed."""

    webhook: Webhook
    holder: UUID
    until: float
    read: deque[FeedEvent] = field(default_factory=deque)
    left: int = MOST_IN_A_TURN


@dataclass(frozen=True, slots=True)
class Deliver:
    """Has a turn with one webhook.

    Attributes:
        chance: gives numbers from 0 to 1.
    """

    store: Store
    queue: HookQueue
    clock: Clock
    sender: Sender
    signer: Signer
    rules: DestinationRules
    chance: Callable[[], float]

    async def __call__(self, webhook_id: UUID) -> int:
        """Send what is due, up to 25 messages or ten seconds; how many.

        As one counts a thousand events, or fewer, that are not wanted and are passed over.

        Raises:
            StoreUnavailable: the database is away, or another one than before.
        """
        holder = uuid4()
        webhook = await self.queue.claim(webhook_id, holder)
        if webhook is None:
            return 0
        turn = _Turn(webhook, holder, boottime() + TURN_SECONDS)
        while turn.left and boottime() < turn.until and (message := await self._next(turn)):
            turn.left -= 1
            attempt = await self._send(turn.webhook, message)
            if not await self._record(turn, message, attempt):
                return MOST_IN_A_TURN - turn.left  # it is another's, or was changed meanwhile
            if turn.webhook.state is WebhookState.DISABLED:
                break
        await self.queue.release(webhook_id, holder)
        return MOST_IN_A_TURN - turn.left

    async def _next(self, turn: _Turn) -> Message | None:
        """What is to be sent now, if anything is."""
        webhook, now = turn.webhook, self.clock.now()
        epoch = await self.queue.epochs.current()
        feed = Feed(webhook.account_id, epoch)
        if webhook.test_asked:
            return message_of_test(feed, webhook.id, webhook.sent + 1, now)
        if webhook.state is not WebhookState.ACTIVE:
            return None
        if webhook.epoch == epoch:
            for number in webhook.again:
                if events := await self.queue.events(webhook.account_id, number - 1, 1):
                    return event_message(feed, events[0], None, About.AGAIN)
        if webhook.next_at > now:
            return None
        if webhook.epoch != epoch:
            return await self._restart(webhook, feed)
        return await self._of_feed(turn, feed)

    async def _restart(self, webhook: Webhook, feed: Feed) -> Message:
        safe = await self.queue.epochs.safe_in_account(webhook.account_id, webhook.epoch)
        after = min(webhook.cursor, safe)
        return restart_message(feed, after, webhook.epoch, self.clock.now())

    async def _of_feed(self, turn: _Turn, feed: Feed) -> Message | None:
        """The next event that is wanted; what lies before it is passed over."""
        while turn.left and boottime() < turn.until:
            if not turn.read and (last := await self._unwanted(turn.webhook)):
                turn.left -= 1  # as a message does: a feed may be long
                if await self.queue.epochs.current() != feed.epoch:
                    return None
                if not await self._pass(turn, last):
                    return None
                continue
            if not turn.read:
                after = turn.webhook.cursor
                turn.read.extend(await self.queue.events(feed.account_id, after, PAGE))
                if not turn.read or await self.queue.epochs.current() != feed.epoch:
                    return None
            while turn.read and not turn.webhook.wants(turn.read[0].kind):
                turn.read.popleft()
            if turn.read:
                previous = turn.webhook.delivered
                return event_message(feed, turn.read[0], previous, About.EVENT)
        return None

    async def _unwanted(self, webhook: Webhook) -> int:
        """The last of the next events that it does not want, a thousand at most; 0: there is none.

        One statement, where reading them a page at a time and noting each is a hundred.
        """
        if not webhook.kinds:
            return 0
        asked = webhook.account_id, webhook.cursor, webhook.kinds, MOST_PASSED
        last = await self.queue.unwanted(*asked)
        return last if last > webhook.cursor else 0

    async def _send(self, webhook: Webhook, message: Message) -> Attempt:
        at, began = self.clock.now(), boottime()
        headers = self.signer.headers(
            webhook.id, webhook.generations(at), message.id, at, message.body
        )
        try:
            destination = Destination.parse(webhook.url, self.rules)
        except WebhookUrlRefused as refusal:  # the operator's rules are stricter than they were
            said = Said(None, refusal.message)
        else:
            said = await self.sender.post(destination, headers, message.body)
        seconds = round(boottime() - began, 3)
        return Attempt(at, said.status, said.text, seconds, said.retry_after)

    async def _record(self, turn: _Turn, message: Message, attempt: Attempt) -> bool:
        """Keep what came of it; False: the webhook is not ours any more."""
        async with self.store.transaction(actor=Actor("worker", message.id)) as tx:
            before = await tx.hooks.mine(turn.webhook.id, turn.holder)
            if before is None:
                return False
            after = before.heard(message, attempt, self.chance())
            await tx.hooks.note(after)
            await tx.hooks.log(after, message, attempt)
            if after.state is WebhookState.DISABLED:
                await _tell_operators(tx, after)
                await tell_customer(tx, after)
        if message.about is About.RESTART:
            turn.read.clear()
        elif message.about is About.EVENT and attempt.taken:
            turn.read.popleft()
        turn.webhook = after
        return True

    async def _pass(self, turn: _Turn, number: int) -> bool:
        async with self.store.transaction() as tx:
            before = await tx.hooks.mine(turn.webhook.id, turn.holder)
            if before is None:
                return False
            turn.webhook = before.passed(number)
            await tx.hooks.note(turn.webhook)
        return True


async def _tell_operators(tx: Transaction, disabled: Webhook) -> None:
    """Its owner may enable one that is gone, again and again: that is said once a day of each."""
    because = disabled.because or DisabledBy.FAILING
    since = tx.now - GONE_TOLD_AGAIN_AFTER
    if because is DisabledBy.GONE and await tx.hooks.told_gone(disabled.account_id, since):
        return
    whose = {"webhook_id": disabled.id.hex, "account_id": disabled.account_id.hex}
    why = CustomerText(_WHY[because])
    tx.record_for_operators("webhook.disabled", why, after={**whose, "because": because.value})


_WHY: Final = {
    DisabledBy.GONE: "The receiver answered 410, so nothing more is sent to it.",
    DisabledBy.FAILING: "The receiver took none of the attempts to send it one event.",
}
