"""When each approved prefix is looked at next, and when its registry is asked about it.

Rows come and go with approvals, by triggers on prefixes. Text SQL: taking turns is one statement.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from byoip.store.statements import Repository, from_text

_WORKER_DEAD_AFTER: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

# So many are read, which takes 0.3 s, however many are due after a day without a worker.
_READ: Final = 100_000
# Accounts take turns, each with what is due longest: who has very many delays nobody else's.
_DUE: Final = from_text("""
    SELECT prefix_id FROM (
        SELECT turn.prefix_id, turn.due_at,
            row_number() OVER (PARTITION BY p.account_id ORDER BY turn.due_at) AS its
        FROM (
            SELECT prefix_id, due_at FROM watch_turns WHERE due_at <= :now
            ORDER BY due_at LIMIT :read
        ) AS turn JOIN prefixes AS p ON p.id = turn.prefix_id WHERE p.state = 'approved'
    ) AS due ORDER BY its, due_at LIMIT :most
""")
# Due again when the worker is taken for dead; it says itself when next, as it ends.
_TAKE: Final = from_text("""
    WITH due AS MATERIALIZED (
        SELECT prefix_id, due_at = approved_at AS new FROM watch_turns
        WHERE prefix_id = :claim_id AND due_at <= :now FOR UPDATE SKIP LOCKED
    ) UPDATE watch_turns SET due_at = :again WHERE prefix_id = (SELECT prefix_id FROM due)
    RETURNING (SELECT new FROM due) AS new
""")
_NEXT: Final = from_text("UPDATE watch_turns SET due_at = :at WHERE prefix_id = :claim_id")
_ANSWERED: Final = from_text(
    "UPDATE watch_turns SET answered_at = :now WHERE prefix_id = :claim_id"
)
# Of the newest answers of a registry an account has a quarter at most by what goes before others
# (`first`), or who has very many of these keeps all others from being asked about for ever.
# Looks into the index of the registry, none further than so many of its rows. Who is first alone is
# no bound: after a round the queue stands in the order of the times of day at which they are looked
# at, so each would find itself in front.
_TURN_TO_ASK: Final = from_text("""
    SELECT :first AND :newest / 4 > (
        SELECT count(*) FROM (
            SELECT prefix_id AS id FROM watch_turns AS one
            WHERE one.registry = turn.registry ORDER BY answered_at DESC LIMIT :newest
        ) AS lately WHERE id <> turn.prefix_id
            AND (SELECT account_id FROM prefixes WHERE id = lately.id) = own.account_id
            AND (
                SELECT failing_since IS NOT NULL OR good_at IS NULL FROM prefix_watches
                WHERE prefix_id = lately.id AND signal = 'route_object'
            )
    ) OR NOT EXISTS (
        SELECT FROM watch_turns AS one WHERE one.registry = turn.registry
        OFFSET :all_of_them LIMIT 1
    ) OR EXISTS (
        SELECT FROM (
            SELECT prefix_id FROM watch_turns AS one WHERE one.registry = turn.registry
            ORDER BY answered_at, prefix_id LIMIT :most
        ) AS front WHERE front.prefix_id = turn.prefix_id
    ) AND :most > (
        SELECT count(*) FROM (
            SELECT FROM watch_turns AS one
            WHERE one.registry = turn.registry AND answered_at > :day_ago LIMIT :most
        ) AS lately
    ) AS now FROM watch_turns AS turn JOIN prefixes AS own ON own.id = turn.prefix_id
    WHERE prefix_id = :claim_id
""")


class Turns(Repository):
    """The turns of watched prefixes."""

    async def due(self, now: datetime, most: int) -> Sequence[UUID]:
        """Prefixes whose looks are due, so many at most: accounts take turns."""
        rows = await self._session.rows(_DUE, now=now, most=most, read=_READ)
        return [row.prefix_id for row in rows]

    async def take(self, claim_id: UUID, now: datetime) -> bool | None:
        """Look at it, as nobody else within the hour; whether it is its first look.

        None: another worker looks at it, or it is not due any more.
        """
        at = {"now": now, "again": now + _WORKER_DEAD_AFTER}
        row = await self._session.row(_TAKE, claim_id=claim_id, **at)
        return None if row is None else bool(row.new)

    async def next_look(self, claim_id: UUID, at: datetime) -> None:
        """Say when it is due again."""
        await self._session.change(_NEXT, claim_id=claim_id, at=at)

    async def turn_to_ask(
        self, claim_id: UUID, now: datetime, *, first: bool, most: int, all_of_them: int
    ) -> bool:
        """Whether its registry is asked about it now.

        Of a registry with no more prefixes than `all_of_them` it is asked about each; else about
        those that were answered longest ago, and no more than `most` within a day. Those that go
        `first` do not wait, unless a quarter of the newest answers was about such of its account.
        """
        at = {"most": most, "all_of_them": all_of_them, "day_ago": now - _DAY}
        at |= {"first": first, "newest": max(4, all_of_them - most)}
        row = await self._session.row(_TURN_TO_ASK, claim_id=claim_id, **at)
        return row is None or bool(row.now)

    async def answered(self, claim_id: UUID, now: datetime) -> None:
        """Record that its registry has answered about its route object, or has none to tell of."""
        await self._session.change(_ANSWERED, claim_id=claim_id, now=now)
