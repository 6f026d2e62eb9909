"""What is watched of a prefix, read outside of transactions: one statement.

Text SQL: five tables side by side.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.proof import Proof
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Level, Signal
from byoip.store.autocommit import autocommit_pool
from byoip.store.claims.views import Cursor
from byoip.store.statements import from_row, from_text
from byoip.store.watch.held import HELD, held_from
from byoip.store.watch.views import HeldRise, HeldRises, PrefixWatch
from byoip.store.watch.watches import watch_from

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

_HELD_ONES: Final = from_text("""
    SELECT r.id, p.id AS claim_id, p.cidr, p.account_id, a.name AS account, r.at, r.level,
        coalesce(w.level, 'none') AS now, coalesce(w.seen, '') AS seen, (
            SELECT count(*) FROM bgp_prefixes AS b
            WHERE b.prefix_id = p.id AND b.live AND b.advertised
        ) AS up
    FROM level_rises AS r JOIN prefixes AS p ON p.id = r.prefix_id
        JOIN accounts AS a ON a.id = p.account_id
        LEFT JOIN prefix_watches AS w ON w.prefix_id = p.id AND w.signal = r.signal
    WHERE r.state = 'held' AND r.registry = :registry AND r.signal = :signal
        AND (r.at, r.id) > (:at, :after)
    ORDER BY r.at, r.id LIMIT :most
""")
_HELD_IDS: Final = from_text("""
    SELECT id FROM level_rises
    WHERE state = 'held' AND registry = :registry AND signal = :signal ORDER BY id
""")
_FIRST: Final = Cursor(datetime.min.replace(tzinfo=UTC), UUID(int=0))


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

    async def held_of(
        self, registry: str, signal: Signal, *, after: Cursor | None, limit: int
    ) -> Sequence[HeldRise]:
        """What it holds of one registry and signal, the oldest first."""
        after, of = after or _FIRST, {"registry": registry, "signal": signal}
        rows = await self._autocommit.ask(
            _HELD_ONES, at=after.created_at, after=after.id, most=limit, **of
        )
        return [
            from_row(
                HeldRise,
                row,
                cidr=Prefix.parse(str(row.cidr)),
                level=Level(row.level),
                now=Level(row.now),
            )
            for row in rows
        ]

    async def held_ids(self, registry: str, signal: Signal) -> Sequence[UUID]:
        """All of these rises, by their ids."""
        rows = await self._autocommit.ask(_HELD_IDS, registry=registry, signal=signal)
        return [row.id for row in rows]
