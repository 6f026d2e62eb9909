"""What is watched of a prefix, read outside of transactions: one statement.

Text SQL: five tables side by side.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.proof import Proof
from byoip.domain.watch.levels import Signal
from byoip.store.autocommit import autocommit_pool
from byoip.store.statements import from_text
from byoip.store.watch.views import HeldRises, PrefixWatch
from byoip.store.watch.watches import HELD, held_from, watch_from

_WATCH: Final = from_text("""
    SELECT p.frozen_for, p.proven_at, p.proof_ends_at, turn.due_at AS next_look, watch.*,
        CASE WHEN judged.at >= turn.approved_at THEN judged.at END AS roas_at,
        EXISTS (
            SELECT FROM origin_drifts AS d WHERE d.prefix_id = p.id AND d.cidr = p.cidr
        ) AS drifted,
        EXISTS (
            SELECT FROM level_rises AS rise WHERE rise.prefix_id = p.id
            AND rise.signal = watch.signal AND rise.state = 'held'
        ) AS held
    FROM prefixes AS p
        LEFT JOIN watch_turns AS turn
            ON turn.prefix_id = p.id AND turn.approved_at = p.approved_at
        LEFT JOIN origin_watch AS judged ON true
        LEFT JOIN prefix_watches AS watch
            ON watch.prefix_id = p.id AND turn.prefix_id IS NOT NULL
                AND (watch.looked_at IS NOT NULL OR watch.signal <> 'holder')
    WHERE p.id = :claim_id AND p.account_id = :account_id AND p.live
    ORDER BY watch.signal
""")


class WatchReader:
    """Watches of one account's claims, and what is held of all."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def watch(self, account_id: UUID, claim_id: UUID) -> PrefixWatch:
        """One live claim's.

        Raises:
            ClaimNotFound: not there, or another account's.
        """
        rows = await self._autocommit.ask(_WATCH, account_id=account_id, claim_id=claim_id)
        if not rows:
            raise ClaimNotFound
        signals = [row for row in rows if row.signal is not None]
        return PrefixWatch(
            frozenset(map(Signal, rows[0].frozen_for)),
            tuple(map(watch_from, signals)),
            frozenset(Signal(row.signal) for row in signals if row.held),
            rows[0].roas_at,
            rows[0].drifted,
            rows[0].next_look,
            Proof(rows[0].proven_at, rows[0].proof_ends_at),
        )

    async def held_rises(self) -> Sequence[HeldRises]:
        """What the breaker of levels holds, by registry and signal."""
        return [held_from(row) for row in await self._autocommit.ask(HELD)]
