"""What workers ask: which addresses are due, and whose turn it is to send to one.

Text SQL: asked every second, and a claim that two workers race for is decided by the row.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.mail.addressee import WINDOW, Addressee
from byoip.domain.mail.letter import News
from byoip.domain.mail.notice import Notice, NoticeKind
from byoip.store.autocommit import autocommit_pool
from byoip.store.claims.epochs import EpochReader
from byoip.store.hooks.views import Due
from byoip.store.mail.addresses import LEASE_SECONDS, addressee_from
from byoip.store.statements import Session, from_row, from_text
from byoip.store.unavailable import translate_driver_errors

_KEPT_FOR: Final = timedelta(days=30)
_IDLE: Final = "(address.held_until IS NULL OR address.held_until < clock_timestamp())"
# A worker of the version after this one may have written kinds, and begun mails, that are not ours.
_KNOWN: Final = """notice.kind = ANY(CAST(:known AS text[]))
    AND NOT EXISTS (SELECT FROM mail_notices AS beside
        WHERE beside.address_id = notice.address_id AND beside.mailing = notice.mailing
            AND beside.kind <> ALL(CAST(:known AS text[])))"""
_KINDS: Final = [one.value for one in NoticeKind]
_DUE: Final = from_text(f"""
    SELECT address.id, address.account_id FROM mail_addresses AS address
    LEFT JOIN account_event_counters AS counter ON counter.account_id = address.account_id
    WHERE address.live AND address.state <> 'parked' AND address.next_at <= :now AND {_IDLE}
        AND (address.code_asked OR address.state = 'active' AND (
            address.cursor < coalesce(counter.last, 0)
            OR address.epoch <> (SELECT epoch FROM feed_epochs ORDER BY number DESC LIMIT 1)
            OR EXISTS (SELECT FROM mail_notices AS notice WHERE notice.address_id = address.id
                AND (notice.at <= :before OR notice.mailing IS NOT NULL) AND {_KNOWN})
        ))
        AND address.id <> ALL(CAST(:busy AS uuid[]))
    ORDER BY address.next_at, address.id LIMIT :page
""")  # noqa: S608 - of constants
_CLAIM: Final = from_text(f"""
    UPDATE mail_addresses AS address SET holder = :holder,
        held_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = :address_id AND live AND state <> 'parked' AND {_IDLE}
    RETURNING *
""")  # noqa: S608 - of constants
_RELEASE: Final = from_text("""
    UPDATE mail_addresses SET holder = NULL, held_until = NULL
    WHERE id = :address_id AND holder = :holder RETURNING id
""")
# As with events: what stands in a mail is noted before it is sent, and stays as it is until then.
_NOTICES: Final = from_text(f"""
    WITH first AS (
        SELECT mailing FROM mail_notices AS notice WHERE address_id = :address_id
            AND (at <= :before OR mailing IS NOT NULL) AND {_KNOWN}
        ORDER BY mailing IS NULL, at LIMIT 1
    ), told AS (
        UPDATE mail_notices AS notice SET mailing = coalesce(first.mailing, :mailing) FROM first
        WHERE address_id = :address_id AND notice.mailing IS NOT DISTINCT FROM first.mailing
            AND notice.kind = ANY(CAST(:known AS text[]))
            AND EXISTS (SELECT FROM mail_addresses WHERE id = :address_id AND holder = :holder)
        RETURNING notice.*
    )
    SELECT kind, about, at, after, mailing FROM told ORDER BY at, kind, about
""")  # noqa: S608 - of constants
# `kinds` is judged after the page was taken: so much is read, whatever is told of it.
_NEWS: Final = from_text("""
    SELECT event.account_number AS number, event.prefix_id, host(prefix.cidr) || '/'
        || masklen(prefix.cidr) AS cidr, event.kind, event.at, event.after
    FROM (
        SELECT * FROM events WHERE account_id = :account_id
            AND account_number > :after AND account_number <= :until
        ORDER BY account_number LIMIT :page
    ) AS event JOIN prefixes AS prefix ON prefix.id = event.prefix_id
    WHERE event.kind = ANY(CAST(:kinds AS text[])) ORDER BY event.account_number
""")
_LAST: Final = from_text("""
    SELECT coalesce(max(number), :after) AS last FROM (
        SELECT account_number AS number FROM events
        WHERE account_id = :account_id AND account_number > :after
        ORDER BY account_number LIMIT :page
    ) AS page
""")
_PRUNE_NOTICES: Final = from_text("""
    DELETE FROM mail_notices
    WHERE address_id IN (SELECT id FROM mail_addresses WHERE ended_at < :since)
""")
_PRUNE: Final = from_text("DELETE FROM mail_addresses WHERE ended_at < :since")


class MailQueue:
    """The addresses that something can be sent to."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)
        self.epochs = EpochReader(engine)

    async def due(self, now: datetime, busy: Collection[UUID], page: int) -> Sequence[Due]:
        """Those due that no worker sends to, but for those that this one is busy with."""
        asked = {"now": now, "before": now - WINDOW, "busy": list(busy), "page": page}
        rows = await self._autocommit.ask(_DUE, **asked, known=_KINDS)
        return [from_row(Due, row) for row in rows]

    async def claim(self, address_id: UUID, holder: UUID) -> Addressee | None:
        """Be the one to send to it, for 60 s; None: another worker is, or nobody any more."""
        asked = {"address_id": address_id, "holder": holder, "seconds": LEASE_SECONDS}
        rows = await self._autocommit.ask(_CLAIM, **asked)
        return addressee_from(rows[0]) if rows else None

    async def release(self, address_id: UUID, holder: UUID) -> None:
        """Let others send to it."""
        await self._autocommit.ask(_RELEASE, address_id=address_id, holder=holder)

    async def last_of_page(self, account_id: UUID, after: int, page: int) -> int:
        """The last of the account's next events, so many at most; `after` where there is none."""
        asked = {"account_id": account_id, "after": after, "page": page}
        (row,) = await self._autocommit.ask(_LAST, **asked)
        return int(row.last)

    async def news(
        self, account_id: UUID, after: int, until: int, kinds: Collection[str], page: int
    ) -> Sequence[News]:
        """Those of the account's events in (after, until] that are of these kinds, in order."""
        asked = {"account_id": account_id, "after": after, "until": until, "page": page}
        rows = await self._autocommit.ask(_NEWS, **asked, kinds=sorted(kinds))
        return [from_row(News, row) for row in rows]

    async def notices(
        self, address_id: UUID, holder: UUID, mailing: UUID, now: datetime
    ) -> Sequence[Notice]:
        """What its holder tells it in one mail: a begun one, or `mailing` of what waits; or none.

        Nothing before the oldest has waited for as long as one mail gathers news.
        """
        before = now - WINDOW
        asked = {"address_id": address_id, "holder": holder, "mailing": mailing, "before": before}
        rows = await self._autocommit.ask(_NOTICES, **asked, known=_KINDS)
        return [from_row(Notice, row, kind=NoticeKind(row.kind)) for row in rows]


async def prune(engine: AsyncEngine, now: datetime) -> int:
    """Delete addresses that ended more than a month ago; how many.

    Raises:
        StoreUnavailable: the database is away.
    """
    with translate_driver_errors():
        async with engine.begin() as connection:
            session, since = await Session.of(connection), now - _KEPT_FOR
            await session.change(_PRUNE_NOTICES, since=since)
            return await session.change(_PRUNE, since=since)
