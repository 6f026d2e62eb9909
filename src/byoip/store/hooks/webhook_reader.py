"""Reads webhooks outside of transactions, and their last deliveries."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.hooks.message import About
from byoip.domain.hooks.refusals import WebhookNotFound
from byoip.domain.hooks.webhook import Webhook
from byoip.store.autocommit import autocommit_pool
from byoip.store.claims.claim_reader import page_of
from byoip.store.claims.views import Cursor
from byoip.store.hooks.tables import webhook_deliveries, webhooks
from byoip.store.hooks.views import Delivery
from byoip.store.hooks.webhooks import GET, MOST_DELIVERIES, OF_ACCOUNT, webhook_from
from byoip.store.statements import compiled, from_row

_w, _d = webhooks.c, webhook_deliveries.c
_PAGE: Final = compiled(
    sa.select(webhooks)
    .where(
        _w.live,
        OF_ACCOUNT,
        sa.tuple_(_w.created_at, _w.id)
        > sa.tuple_(
            sa.bindparam("after_time", type_=sa.DateTime(timezone=True)),
            sa.bindparam("after_id", type_=sa.Uuid),
        ),
    )
    .order_by(_w.created_at, _w.id)
    .limit(sa.bindparam("page_size", type_=sa.Integer))
)
_DELIVERIES: Final = compiled(
    sa.select(webhook_deliveries)
    .where(_d.webhook_id == sa.bindparam("webhook_id", type_=sa.Uuid))
    .order_by(_d.number.desc())
    .limit(MOST_DELIVERIES)
)


class WebhookReader:
    """Reads them outside of transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def page(
        self, account_id: UUID | None, *, after: Cursor | None, limit: int
    ) -> Sequence[Webhook]:
        """Live ones in the order of (created_at, id); None: of all accounts."""
        asked = {"account_id": account_id, **page_of(after, limit)}
        return [webhook_from(row) for row in await self._autocommit.ask(_PAGE, **asked)]

    async def one(self, account_id: UUID, webhook_id: UUID) -> Webhook:
        """A live one.

        Raises:
            WebhookNotFound: the account has none.
        """
        asked = {"account_id": account_id, "webhook_id": webhook_id}
        return webhook_from(await self._autocommit.one(GET, WebhookNotFound, **asked))

    async def deliveries(self, account_id: UUID, webhook_id: UUID) -> Sequence[Delivery]:
        """Its last attempts, the newest first.

        Raises:
            WebhookNotFound: the account has none.
        """
        await self.one(account_id, webhook_id)
        rows = await self._autocommit.ask(_DELIVERIES, webhook_id=webhook_id)
        return [from_row(Delivery, row, about=About(row.about)) for row in rows]
