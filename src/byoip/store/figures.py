"""Figures that are counted as rows change: read, and folded. Text SQL.

Triggers (migration 0013) add a row with the difference for each statement; a job folds these rows
into one for each figure and label, which it alone writes.
"""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from byoip.domain.letters.letter import LATELY, MOST_LATELY
from byoip.store.statements import Session, compiled
from byoip.store.unavailable import translate_driver_errors

_PAGE: Final = 10_000

READ: Final = sa.text("""
    SELECT figure, label, sum(value) AS value FROM (
        SELECT figure, label, value FROM figures UNION ALL SELECT * FROM figure_deltas
    ) AS known GROUP BY figure, label ORDER BY figure, label
""")
_FOLD: Final = compiled(
    sa.text("""
    WITH folded AS (
        DELETE FROM figure_deltas WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM figure_deltas LIMIT :page FOR UPDATE SKIP LOCKED
        )) RETURNING figure, label, delta
    ), added AS (
        INSERT INTO figures AS kept (figure, label, value)
        SELECT figure, label, sum(delta) FROM folded GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (figure, label) DO UPDATE SET value = kept.value + excluded.value
    )
    SELECT count(*) AS folded FROM folded
    """)
)

# It changes with time alone, as letters expire: so the job counts, not the reader.
_LETTERS_OWED: Final = compiled(
    sa.text("""
    INSERT INTO figures (figure, label, value)
    SELECT 'byoip_letters_owed', '', count(*) FROM prefixes
    WHERE state = 'approved' AND delegate_loa_creation AND approved_by = 'checks'
        AND standing <> 'offboarding' AND NOT EXISTS (
            SELECT FROM letters WHERE prefix_id = prefixes.id AND superseded_by IS NULL
                AND (revoked_at IS NULL AND valid_until > now()
                    OR revoked_at IS NOT NULL AND (
                        -- The operator took it back, or said so when it was revoked before.
                        SELECT max(number) FROM events WHERE events.prefix_id = letters.prefix_id
                            AND kind = 'letter.revoked' AND after ->> 'because' = 'operator'
                    ) > coalesce((
                        SELECT max(number) FROM events WHERE events.prefix_id = letters.prefix_id
                            AND kind = 'prefix.approved'
                    ), 0)
                        -- Offboarded and restored again and again: it has to wait.
                        OR revoked_because = 'offboarded' AND (
                            SELECT count(*) FROM letters AS written
                            WHERE written.prefix_id = letters.prefix_id
                                AND written.issued_at > now() - CAST(:lately AS interval)
                        ) >= :most_lately)
        )
        -- Nor is one owed whose origin another account has proven, too: it waits for a person.
        AND NOT EXISTS (
            SELECT FROM asn_disputes JOIN own_asns AS own ON own.id = holder_id
            WHERE asn_disputes.ended_at IS NULL AND own.ended_at IS NULL
                AND own.account_id = prefixes.account_id AND own.asn = prefixes.asn
        )
    ON CONFLICT (figure, label) DO UPDATE SET value = excluded.value
    """)
)
# The same: they are overdue as time passes, where no worker sends. One in a long feed is not.
_WEBHOOKS_OVERDUE: Final = compiled(
    sa.text("""
    INSERT INTO figures (figure, label, value)
    SELECT 'byoip_webhooks_overdue', '', count(*) FROM webhooks AS webhook
    WHERE webhook.live AND webhook.state <> 'disabled'
        AND (webhook.held_until IS NULL OR webhook.held_until < now())
        AND (
            webhook.test_asked AND webhook.modified_at < now() - interval '5 minutes'
            OR webhook.state = 'active' AND webhook.next_at < now() - interval '5 minutes'
                AND EXISTS (SELECT FROM events WHERE events.account_id = webhook.account_id
                    AND account_number > webhook.cursor AND at < now() - interval '5 minutes')
        ) AND NOT EXISTS (SELECT FROM webhook_deliveries AS last WHERE webhook_id = webhook.id
            AND number = webhook.sent AND last.at > now() - interval '5 minutes')
    ON CONFLICT (figure, label) DO UPDATE SET value = excluded.value
    """)
)
# An address without news waits for nothing; one whose server is away waits for its next attempt.
_MAIL_OVERDUE: Final = compiled(
    sa.text("""
    INSERT INTO figures (figure, label, value)
    SELECT 'byoip_mail_overdue', '', count(*) FROM mail_addresses AS address
    WHERE address.live AND address.state <> 'parked'
        AND (address.held_until IS NULL OR address.held_until < now())
        AND address.next_at < now() - interval '5 minutes'
        AND (
            address.code_asked AND address.code_asked_at < now() - interval '5 minutes'
            OR address.state = 'active' AND EXISTS (
                SELECT FROM events WHERE events.account_id = address.account_id
                    AND account_number > address.cursor AND at < now() - interval '10 minutes')
            OR address.state = 'active' AND EXISTS (
                SELECT FROM mail_notices WHERE mail_notices.address_id = address.id
                    AND at < now() - interval '10 minutes')
        )
    ON CONFLICT (figure, label) DO UPDATE SET value = excluded.value
    """)
)


async def read_figures(connection: AsyncConnection) -> Mapping[str, Mapping[str, float]]:
    """Every figure by its labels, as of now; what has fallen to 0 included."""
    found: dict[str, dict[str, float]] = {}
    for figure, label, value in (await connection.execute(READ)).all():
        found.setdefault(figure, {})[label] = float(value)
    return found


async def fold_figures(engine: AsyncEngine, page: int = _PAGE) -> int:
    """Fold all differences that were committed, in pages; how many."""
    total = 0
    while True:
        folded = await _fold(engine, page)
        total += folded
        if folded < page:
            break
    async with engine.begin() as connection:
        session = await Session.of(connection)
        await session.change(_LETTERS_OWED, lately=LATELY, most_lately=MOST_LATELY)
        await session.change(_WEBHOOKS_OVERDUE)
        await session.change(_MAIL_OVERDUE)
    return total


async def _fold(engine: AsyncEngine, page: int) -> int:
    with translate_driver_errors():
        async with engine.begin() as connection:
            (row,) = await (await Session.of(connection)).rows(_FOLD, page=page)
            return int(row.folded)
