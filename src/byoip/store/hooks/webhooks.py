"""Webhooks within a transaction: what people change, and what came of an attempt.

Text SQL: claims last by the database's clock, and a look takes text.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.customer_text import CustomerText
from byoip.domain.hooks.message import Message
from byoip.domain.hooks.refusals import WebhookNotFound
from byoip.domain.hooks.webhook import Attempt, DisabledBy, Webhook, WebhookState
from byoip.store.batches import Part, asking
from byoip.store.hooks.tables import webhook_deliveries, webhooks
from byoip.store.statements import AnyRow, Repository, compiled, from_row, from_text, to_row

MOST_DELIVERIES: Final = 100
LEASE_SECONDS: Final = 40  # an attempt takes 20 at most

_w = webhooks.c
_FIXED: Final = ("id", "account_id", "created_by", "created_at")
_CHANGING: Final = (
    *("url", "description", "kinds", "state", "because", "key_id", "generation", "former_until"),
    *("public_key", "epoch", "cursor", "delivered", "test_asked", "again", "failures"),
    *("failing_since", "next_at", "sent", "modified_at", "ended_at"),
)
_ID: Final = sa.bindparam("webhook_id", type_=sa.Uuid)
_ACCOUNT: Final = sa.bindparam("account_id", type_=sa.Uuid)
OF_ACCOUNT: Final = sa.or_(_ACCOUNT.is_(None), _w.account_id == _ACCOUNT)
_this = sa.select(webhooks).where(_w.id == _ID, _w.live, OF_ACCOUNT)
GET: Final = compiled(_this)
_LOCK: Final = compiled(_this.with_for_update())
_HELD: Final = compiled(
    sa.select(sa.func.count().label("held")).where(_w.account_id == _ACCOUNT, _w.live)
)
_ADD: Final = compiled(sa.insert(webhooks), [*_FIXED, *_CHANGING])
# Whoever sends to it just now records nothing of that: it is another receiver, or another place.
_SAVE: Final = compiled(
    sa.update(webhooks).where(_w.id == _ID).values(holder=None, held_until=None), _CHANGING
)
_ASK: Final = compiled(sa.update(webhooks).where(_w.id == _ID), _CHANGING)
_NOTE: Final = compiled(
    sa.update(webhooks)
    .where(_w.id == _ID)
    .values(held_until=sa.func.clock_timestamp() + timedelta(seconds=LEASE_SECONDS)),
    _CHANGING,
)
_MINE: Final = compiled(
    sa.select(webhooks)
    .where(_w.id == _ID, _w.live, _w.holder == sa.bindparam("holder", type_=sa.Uuid))
    .with_for_update()
)
_LOG: Final = compiled(sa.insert(webhook_deliveries), webhook_deliveries.c.keys())
_FORGET: Final = from_text("""
    DELETE FROM webhook_deliveries WHERE webhook_id = :webhook_id AND number <= :number
""")
_EVENTS: Final = from_text(
    """
    SELECT coalesce(max(last), 0) AS newest FROM account_event_counters
    WHERE account_id = :account_id
""",
    selects=("newest",),
)
_TOLD_GONE: Final = from_text("""
    SELECT number FROM operator_events
    WHERE kind = 'webhook.disabled' AND after ->> 'account_id' = :account_id
        AND after ->> 'because' = 'gone' AND at > :since
    LIMIT 1
""")
_EPOCH: Final = from_text(
    "SELECT epoch FROM feed_epochs ORDER BY number DESC LIMIT 1", selects=("epoch",)
)


class WebhookRepository(Repository):
    """Webhooks of accounts, within one transaction."""

    async def lock(self, account_id: UUID | None, webhook_id: UUID) -> Webhook:
        """A live one, locked; with an account only its own.

        Raises:
            WebhookNotFound: there is none.
        """
        asked = {"account_id": account_id, "webhook_id": webhook_id}
        return webhook_from(await self._session.one(_LOCK, WebhookNotFound, **asked))

    async def mine(self, webhook_id: UUID, holder: UUID) -> Webhook | None:
        """A live one, locked, if this holder still sends to it."""
        row = await self._session.row(_MINE, webhook_id=webhook_id, holder=holder)
        return None if row is None else webhook_from(row)

    def held(self, account_id: UUID) -> Part:
        """How many live ones the account has: for a look, with the account locked."""
        return asking(_HELD, lambda rows: int(rows[0].held), account_id=account_id)

    def newest_event(self, account_id: UUID) -> Part:
        """The number of the account's newest event: for a look."""
        return asking(_EVENTS, lambda rows: int(rows[0].newest), account_id=account_id)

    def epoch(self) -> Part:
        """The epoch of the feed: for a look."""
        return asking(_EPOCH, lambda rows: rows[0].epoch)

    async def add(self, webhook: Webhook) -> None:
        """Keep a new one; its account must be locked."""
        await self._session.change(_ADD, **_row(webhook, (*_FIXED, *_CHANGING)))

    async def save(self, webhook: Webhook) -> None:
        """Write back a locked one; what is being sent to it now counts no more."""
        await self._session.change(_SAVE, webhook_id=webhook.id, **_row(webhook, _CHANGING))

    async def ask(self, webhook: Webhook) -> None:
        """Write back a locked one that has more to send, and is sent to as before."""
        await self._session.change(_ASK, webhook_id=webhook.id, **_row(webhook, _CHANGING))

    async def note(self, webhook: Webhook) -> None:
        """Write back one that is `mine`, and hold it for longer."""
        await self._session.change(_NOTE, webhook_id=webhook.id, **_row(webhook, _CHANGING))

    async def told_gone(self, account_id: UUID, since: datetime) -> bool:
        """Whether operators were told after this moment that a receiver of the account is gone."""
        asked = {"account_id": account_id.hex, "since": since}
        return await self._session.row(_TOLD_GONE, **asked) is not None

    async def log(self, webhook: Webhook, message: Message, attempt: Attempt) -> None:
        """Keep what came of an attempt, and forget the one a hundred before it."""
        await self._session.change(
            _LOG,
            webhook_id=webhook.id,
            number=webhook.sent,
            about=message.about.value,
            event_number=message.number,
            message_id=message.id,
            at=attempt.at,
            status=attempt.status,
            seconds=attempt.seconds,
            said=attempt.said,
        )
        last = webhook.sent - MOST_DELIVERIES
        await self._session.change(_FORGET, webhook_id=webhook.id, number=last)


def webhook_from(row: AnyRow) -> Webhook:
    """A row of webhooks."""
    return from_row(
        Webhook,
        row,
        description=CustomerText(row.description),
        kinds=tuple(row.kinds),
        state=WebhookState(row.state),
        because=None if row.because is None else DisabledBy(row.because),
        again=tuple(row.again),
    )


def _row(webhook: Webhook, columns: tuple[str, ...]) -> dict[str, Any]:
    return to_row(
        webhook,
        columns,
        description=webhook.description.value,
        kinds=list(webhook.kinds),
        again=list(webhook.again),
    )
