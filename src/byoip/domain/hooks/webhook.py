"""A webhook: a receiver of an account's events, and how far it has come in their feed.

Events are sent one at a time, in the order of their numbers; the next one when the one before was
taken. `cursor` moves only then: an event may come twice, and none is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from byoip.domain.customer_text import CustomerText
from byoip.domain.event_kinds import OF_PREFIXES, names
from byoip.domain.hooks.message import About, Message
from byoip.domain.hooks.refusals import (
    MOST_REDELIVERIES,
    EventBeyondFeed,
    TooManyRedeliveries,
    UnknownEventKind,
    WebhookNotActive,
    WebhookStoppedByOperator,
)
from byoip.domain.hooks.schedule import pause

BOTH_SECRETS_FOR: Final = timedelta(hours=24)
GONE: Final = 410  # RFC 9110, section 15.5.11


class WebhookState(StrEnum):
    """Whether it gets events."""

    PENDING = "pending"  # until it has taken a test
    ACTIVE = "active"
    DISABLED = "disabled"


class DisabledBy(StrEnum):
    """What has disabled it."""

    CUSTOMER = "customer"
    OPERATOR = "operator"
    GONE = "gone"  # it answered 410
    FAILING = "failing"  # all attempts for one event have failed


def accepted(status: int | None) -> bool:
    """Whether an answer is a yes: only 2xx is; redirects are not followed."""
    return status is not None and 200 <= status < 300  # noqa: PLR2004 - 2xx


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending once.

    Attributes:
        status: of the answer; None: there was none.
        said: what kept it from being taken, or the beginning of the answer.
        seconds: how long it took.
        retry_after: what the receiver asks for.
    """

    at: datetime
    status: int | None
    said: str
    seconds: float
    retry_after: timedelta = timedelta(0)

    @property
    def taken(self) -> bool:
        """Whether the receiver has taken it."""
        return accepted(self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One receiver.

    Attributes:
        kinds: of events that it gets; empty: all.
        because: what has disabled it.
        key_id: of the operator's key that its secrets are made of.
        generation: counts the secrets.
        former_until: when the secret before ceases to sign, too.
        public_key: verifies the signatures `v1a`.
        created_by: the actor.
        epoch: of the feed that `cursor` is a number of.
        cursor: the last event that is done with: taken, or not wanted.
        delivered: the last event that was taken.
        test_asked: a test waits to be sent.
        again: numbers of events that wait to be sent again.
        failures: in a row, of what is next in the feed.
        next_at: when that may be sent.
        sent: counts the attempts.
    """

    id: UUID
    account_id: UUID
    url: str
    description: CustomerText
    kinds: tuple[str, ...]
    state: WebhookState = WebhookState.PENDING
    because: DisabledBy | None = None
    key_id: str
    generation: int = 1
    former_until: datetime | None = None
    public_key: str
    created_by: str
    epoch: UUID
    cursor: int
    delivered: int
    test_asked: bool = True
    again: tuple[int, ...] = ()
    failures: int = 0
    failing_since: datetime | None = None
    next_at: datetime
    sent: int = 0
    created_at: datetime
    modified_at: datetime
    ended_at: datetime | None = None

    def wants(self, kind: str) -> bool:
        """Whether events of this kind are sent."""
        return not self.kinds or kind in self.kinds

    def generations(self, now: datetime) -> Sequence[int]:
        """Those whose secrets sign, the newest first."""
        both = self.former_until is not None and now < self.former_until
        return [self.generation, self.generation - 1] if both else [self.generation]

    # what people do

    def tested(self, now: datetime) -> "Webhook":
        """Have a test sent.

        Raises:
            WebhookNotActive: it is disabled.
        """
        if self.state is WebhookState.DISABLED:
            raise WebhookNotActive(self.state)
        return replace(self, test_asked=True, modified_at=now)

    def redeliver(self, number: int, newest: int, now: datetime) -> "Webhook":
        """Have one event sent again, once, out of its order.

        Raises:
            WebhookNotActive: it gets no events.
            EventBeyondFeed: there is no such event.
            TooManyRedeliveries: too many wait.
        """
        self._require_active()
        if not 1 <= number <= newest:
            raise EventBeyondFeed(number, newest, "/number")
        if number in self.again:
            return self
        if len(self.again) >= MOST_REDELIVERIES:
            raise TooManyRedeliveries
        return replace(self, again=(*self.again, number), modified_at=now)

    def replay(self, after: int, newest: int, now: datetime) -> "Webhook":
        """Go on after this number, which may lie before or behind where it is.

        Raises:
            EventBeyondFeed: there is no such event.
        """
        if not 0 <= after <= newest:
            raise EventBeyondFeed(after, newest, "/after")
        return replace(_afresh(self), cursor=after, delivered=after, next_at=now, modified_at=now)

    def rotate(self, key_id: str, public_key: str, now: datetime) -> "Webhook":
        """Another secret; the one before signs as well for a day, if it can still be made."""
        return replace(
            self,
            generation=self.generation + 1,
            former_until=now + BOTH_SECRETS_FOR if key_id == self.key_id else None,
            key_id=key_id,
            public_key=public_key,
            modified_at=now,
        )

    def disable(self, because: DisabledBy, now: datetime) -> "Webhook":
        """Send it nothing more; where it is in the feed stays, and an operator's word stands."""
        if self.because is DisabledBy.OPERATOR:
            return self
        return replace(
            self,
            state=WebhookState.DISABLED,
            because=because,
            test_asked=False,
            again=(),
            modified_at=now,
        )

    def enable(self, now: datetime, *, operator: bool = False) -> "Webhook":
        """Have it tested, and then get events again, from where it is.

        Raises:
            WebhookStoppedByOperator: only the operator may.
        """
        if self.state is not WebhookState.DISABLED:
            return self
        if self.because is DisabledBy.OPERATOR and not operator:
            raise WebhookStoppedByOperator
        return _prove(self, now)

    def move(self, url: str, now: datetime) -> "Webhook":
        """Send to another URL, which has to take a test first."""
        if url == self.url:
            return self
        moved = replace(self, url=url, modified_at=now)
        return moved if self.state is WebhookState.DISABLED else _prove(moved, now)

    # what workers find

    def heard(self, message: Message, attempt: Attempt, chance: float) -> "Webhook":
        """As it is after this attempt.

        Args:
            message: what was sent.
            attempt: what came of it.
            chance: 0 to 1, see `schedule.pause`.
        """
        counted = replace(self, sent=self.sent + 1)
        if attempt.status == GONE and self.state is WebhookState.ACTIVE:
            return counted.disable(DisabledBy.GONE, attempt.at)
        if message.about is About.TEST:
            return _after_test(counted, attempt)
        if message.about is About.AGAIN:
            left = tuple(number for number in self.again if number != message.number)
            return replace(counted, again=left)
        if not attempt.taken:
            return _failed(counted, attempt, chance)
        if message.about is About.RESTART:
            number = message.number
            again = tuple(one for one in self.again if one <= number)
            on = replace(_afresh(counted), epoch=message.epoch, again=again)
            return replace(on, cursor=number, delivered=min(self.delivered, number))
        return replace(_afresh(counted), cursor=message.number, delivered=message.number)

    def passed(self, number: int) -> "Webhook":
        """Nothing up to this event is wanted."""
        return replace(self, cursor=number)

    def _require_active(self) -> None:
        if self.state is not WebhookState.ACTIVE:
            raise WebhookNotActive(self.state)


def wanted_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """The kinds of a filter, each once.

    Raises:
        UnknownEventKind: no event is of this kind.
    """
    known = names(OF_PREFIXES)
    for kind in kinds:
        if kind not in known:
            raise UnknownEventKind(kind)
    return tuple(dict.fromkeys(kinds))


def _after_test(webhook: Webhook, attempt: Attempt) -> Webhook:
    tested = replace(webhook, test_asked=False)
    if not attempt.taken:
        return tested
    if webhook.state is WebhookState.PENDING:
        tested = replace(tested, state=WebhookState.ACTIVE, because=None)
    return replace(tested, next_at=min(webhook.next_at, attempt.at))


def _failed(webhook: Webhook, attempt: Attempt, chance: float) -> Webhook:
    failures = webhook.failures + 1
    waits = pause(failures, attempt.retry_after, chance)
    since = webhook.failing_since or attempt.at
    failed = replace(webhook, failures=failures, failing_since=since)
    if waits is None:
        return failed.disable(DisabledBy.FAILING, attempt.at)
    return replace(failed, next_at=attempt.at + waits)


def _afresh(webhook: Webhook) -> Webhook:
    return replace(webhook, failures=0, failing_since=None)


def _prove(webhook: Webhook, now: datetime) -> Webhook:
    return replace(
        _afresh(webhook),
        next_at=now,
        state=WebhookState.PENDING,
        because=None,
        test_asked=True,
        modified_at=now,
    )
