"""What workers ask: which webhooks are due, and whose turn it is to send to one.

Text SQL: asked every second, and a claim that two workers race for is decided by the row.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.hooks.message import FeedEvent
from byoip.domain.hooks.webhook import Webhook
from byoip.store.autocommit import autocommit_pool
from byoip.store.claims.epochs import EpochReader
from byoip.store.hooks.views import Due
from byoip.store.hooks.webhooks import LEASE_SECONDS, webhook_from
from byoip.store.statements import Session, from_row, from_text
from byoip.store.unavailable import translate_driver_errors

_PAGE: Final = 1000
_KEPT_FOR: Final = timedelta(days=30)

_IDLE: Final = "(webhook.held_until IS NULL OR webhook.held_until < clock_timestamp())"
_EPOCH: Final = "(SELECT epoch FROM feed_epochs ORDER BY number DESC LIMIT 1)"
_HAS_SOMETHING: Final = f"""(
    webhook.test_asked
    OR webhook.state = 'active' AND (
        webhook.again <> '{{}}' AND webhook.epoch = {_EPOCH}
        OR webhook.next_at <= :now AND (
            webhook.cursor < coalesce(counter.last, 0) OR webhook.epoch <> {_EPOCH}
        )
    )
)"""
_DUE: Final = from_text(f"""
    SELECT webhook.id, webhook.account_id FROM webhooks AS webhook
    LEFT JOIN account_event_counters AS counter ON counter.account_id = webhook.account_id
    WHERE webhook.live AND webhook.state <> 'disabled' AND webhook.key_id = :key_id
        AND {_IDLE} AND {_HAS_SOMETHING} AND webhook.id <> ALL(CAST(:busy AS uuid[]))
    ORDER BY webhook.next_at, webhook.id LIMIT :page
""")  # noqa: S608 - of constants
_CLAIM: Final = from_text(f"""
    UPDATE webhooks AS webhook SET holder = :holder,
        held_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = :webhook_id AND live AND state <> 'disabled' AND key_id = :key_id AND {_IDLE}
    RETURNING *
""")  # noqa: S608 - of constants
_RELEASE: Final = from_text("""
    UPDATE webhooks SET holder = NULL, held_until = NULL
    WHERE id = :webhook_id AND holder = :holder RETURNING id
""")
_EVENTS: Final = from_text("""
    SELECT account_number AS number, prefix_id, number AS prefix_number, kind, actor, request_id,
        at, before, after
    FROM events WHERE account_id = :account_id AND account_number > :after
    ORDER BY account_number LIMIT :page
""")
# By the index of an account's numbers; what was changed is not read.
_UNWANTED: Final = from_text("""
    WITH next AS (
        SELECT account_number AS number, kind FROM events
        WHERE account_id = :account_id AND account_number > :after
        ORDER BY account_number LIMIT :most
    )
    SELECT coalesce(
        (SELECT min(number) - 1 FROM next WHERE kind = ANY(CAST(:kinds AS text[]))),
        (SELECT max(number) FROM next),
        :after
    ) AS last
""")
_PRUNE: Final = from_text("""
    DELETE FROM webhook_deliveries WHERE (webhook_id, number) IN (
        SELECT webhook_id, number FROM webhook_deliveries WHERE at < :since
        LIMIT :page FOR UPDATE SKIP LOCKED
    )
""")
# Who makes and ends them without end fills no table: of an account the last hundred are kept.
_ENDED: Final = from_text("""
    SELECT id FROM (
        SELECT id, ended_at,
            row_number() OVER (PARTITION BY account_id ORDER BY ended_at DESC, id) AS place
        FROM webhooks WHERE ended_at IS NOT NULL
    ) AS ended WHERE ended_at < :since OR place > :most LIMIT :page
""")
_FORGET_LOG: Final = from_text("""
    DELETE FROM webhook_deliveries WHERE webhook_id = ANY(CAST(:ids AS uuid[]))
""")
_FORGET: Final = from_text("DELETE FROM webhooks WHERE id = ANY(CAST(:ids AS uuid[]))")
MOST_ENDED: Final = 100


class HookQueue:
    """The webhooks that something can be sent to."""

    def __init__(self, engine: AsyncEngine, key_id: str) -> None:
        """Take the operator's key: others' secrets cannot be made."""
        self._autocommit = autocommit_pool(engine)
        self._key_id = key_id
        self.epochs = EpochReader(engine)

    async def due(self, now: datetime, busy: Collection[UUID], page: int) -> Sequence[Due]:
        """Those due that no worker sends to, but for those that this one is busy with."""
        asked = {"now": now, "busy": list(busy), "page": page, "key_id": self._key_id}
        rows = await self._autocommit.ask(_DUE, **asked)
        return [Due(row.id, row.account_id) for row in rows]

    async def claim(self, webhook_id: UUID, holder: UUID) -> Webhook | None:
        """Be the one to send to it, for 40 s; None: another worker is, or nobody any more."""
        asked = {"webhook_id": webhook_id, "holder": holder, "seconds": LEASE_SECONDS}
        rows = await self._autocommit.ask(_CLAIM, key_id=self._key_id, **asked)
        return webhook_from(rows[0]) if rows else None

    async def release(self, webhook_id: UUID, holder: UUID) -> None:
        """Let others send to it."""
        await self._autocommit.ask(_RELEASE, webhook_id=webhook_id, holder=holder)

    async def events(self, account_id: UUID, after: int, page: int) -> Sequence[FeedEvent]:
        """The account's events after this number, in their order."""
        asked = {"account_id": account_id, "after": after, "page": page}
        return [from_row(FeedEvent, row) for row in await self._autocommit.ask(_EVENTS, **asked)]

    async def unwanted(self, account_id: UUID, after: int, kinds: Sequence[str], most: int) -> int:
        """Up to which number the account's next events are of none of these kinds.

        Of so many at most; `after` where the next one is wanted, or there is none.
        """
        asked = {"account_id": account_id, "after": after, "kinds": list(kinds), "most": most}
        (row,) = await self._autocommit.ask(_UNWANTED, **asked)
        return int(row.last)


async def prune(engine: AsyncEngine, now: datetime, page: int = _PAGE) -> int:
    """Delete deliveries and ended webhooks of more than a month ago, in pages; how many rows.

    Of the webhooks that an account has ended the last hundred are kept.

    Raises:
        StoreUnavailable: the database is away; what was deleted stays so.
    """
    total = 0
    while True:
        with translate_driver_errors():
            async with engine.begin() as connection:
                session = await Session.of(connection)
                done = await session.change(_PRUNE, since=now - _KEPT_FOR, page=page)
        total += done
        if done < page:
            return total + await _prune_ended(engine, now, page)


async def _prune_ended(engine: AsyncEngine, now: datetime, page: int) -> int:
    """Nothing is sent to them, so nothing is noted of them meanwhile."""
    total = 0
    asked = {"since": now - _KEPT_FOR, "most": MOST_ENDED, "page": page}
    while True:
        with translate_driver_errors():
            async with engine.begin() as connection:
                session = await Session.of(connection)
                ids = [row.id for row in await session.rows(_ENDED, **asked)]
                total += await session.change(_FORGET_LOG, ids=ids)
                total += await session.change(_FORGET, ids=ids)
        if len(ids) < page:
            return total
