"""What the breaker of levels holds, and what operators decide about it, within one transaction.

Text SQL: a decision is one statement, with what was held first as its part.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import RiseState
from byoip.store.statements import AnyRow, Repository, from_row, from_text
from byoip.store.watch.views import DecidedRise, HeldRises

_DECIDE: Final = from_text("""
    UPDATE level_rises SET state = :state WHERE state = 'held' AND id IN (
        SELECT id FROM level_rises
        WHERE state = 'held' AND registry = :registry AND signal = :signal
        ORDER BY at, id LIMIT :many
    ) RETURNING id
""")
_DECIDED: Final = from_text("""
    SELECT prefix_id, signal, level, state FROM level_rises
    WHERE state IN ('released', 'dropped') AND settled_at IS NULL
    ORDER BY prefix_id, signal LIMIT :most
""")
HELD: Final = from_text("""
    SELECT registry, signal, count(*) AS rises, min(at) AS since,
        (array_agg(prefix_id ORDER BY at, id))[1:20] AS sample,
        encode(sha256(convert_to(string_agg(text(id), '' ORDER BY id), 'UTF8')), 'hex') AS digest
    FROM level_rises WHERE state = 'held' GROUP BY 1, 2 ORDER BY 1, 2
""")


class HeldRepository(Repository):
    """Rises that wait for an operator, or for a worker that carries out what was decided."""

    async def decide(
        self, registry: str, signal: Signal, state: RiseState, many: int | None = None
    ) -> Sequence[UUID]:
        """Release or drop what is held of a registry and signal; their ids, in order.

        Args:
            registry: of whose space.
            signal: by what they would rise.
            state: what becomes of them.
            many: of so many that were held first; None: of all.
        """
        of = {"registry": registry, "signal": signal, "state": state, "many": many}
        return sorted(row.id for row in await self._session.rows(_DECIDE, **of))

    async def decided(self, most: int) -> Sequence[DecidedRise]:
        """Rises that an operator released or dropped, to be carried out; by prefix."""
        rows = await self._session.rows(_DECIDED, most=most)
        return [
            DecidedRise(row.prefix_id, Signal(row.signal), Level(row.level), RiseState(row.state))
            for row in rows
        ]

    async def held(self) -> Sequence[HeldRises]:
        """What is held, by registry and signal."""
        return [held_from(row) for row in await self._session.rows(HELD)]


def held_from(row: AnyRow) -> HeldRises:
    """A row of HELD."""
    return from_row(HeldRises, row, signal=Signal(row.signal), sample=tuple(row.sample))
