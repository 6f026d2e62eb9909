"""Offers of prefixes to other accounts, within a transaction and for readers; and the move.

Text SQL: what both accounts see is one statement.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.move import Move, MoveEnd, MoveNotFound, MoveRecipientNotFound
from byoip.store.autocommit import autocommit_pool
from byoip.store.claims.views import GoesAlong, MoveView
from byoip.store.statements import Repository, from_row, from_text

_COLUMNS: Final = """m.id, m.prefix_id AS claim_id, m.from_account_id, m.to_account_id,
    m.offered_at, m.expires_at, m.ended_at, m.ended"""
_GET: Final = from_text(
    f"SELECT {_COLUMNS} FROM prefix_moves AS m WHERE id = :id",  # noqa: S608
    selects=[one.name for one in fields(Move)],
)
_LOCK: Final = from_text(
    f"SELECT {_COLUMNS} FROM prefix_moves AS m WHERE id = :id FOR UPDATE"  # noqa: S608
)
_OPEN: Final = from_text(f"""
    SELECT {_COLUMNS} FROM prefix_moves AS m
    WHERE prefix_id = :claim_id AND ended_at IS NULL FOR UPDATE
""")  # noqa: S608
_ACCOUNT: Final = from_text("SELECT id FROM accounts WHERE id = :id")
_IN_VAIN: Final = from_text("""
    SELECT count(*) AS many FROM prefix_moves
    WHERE from_account_id = :from_account_id AND to_account_id = :to_account_id
        AND offered_at > :since AND ended IN ('declined', 'taken_back')
""")
_ADD: Final = from_text("""
    INSERT INTO prefix_moves (
        id, prefix_id, from_account_id, to_account_id, offered_at, expires_at, ended_at, ended
    ) VALUES (
        :id, :claim_id, :from_account_id, :to_account_id, :offered_at, :expires_at, :ended_at,
        :ended
    )
""")
_END: Final = from_text("UPDATE prefix_moves SET ended = :ended, ended_at = :now WHERE id = :id")
# A document is of its account: the letter in its place is written for the new one.
_MOVE: Final = from_text("""
    UPDATE prefixes SET account_id = :to_account_id, loa_document_id = NULL, modified_at = :now,
        version = version + 1
    WHERE id = :claim_id
""")
# Counted along as it commits, but locked before event counters, as by runs that finish.
_LOCK_RUNS: Final = from_text("""
    SELECT count(*) FROM (
        SELECT id FROM validation_runs WHERE prefix_id = :claim_id FOR SHARE
    ) AS run
""")
_LOCK_USAGE: Final = from_text("""
    INSERT INTO evidence_usage AS kept (account_id, bytes)
    SELECT id, 0 FROM unnest(CAST(:account_ids AS uuid[])) AS id ORDER BY id
    ON CONFLICT (account_id) DO UPDATE SET bytes = kept.bytes
""")
_LISTED: Final = from_text(f"""
    SELECT {_COLUMNS}, p.cidr::text AS cidr, p.version
    FROM prefix_moves AS m JOIN prefixes AS p ON p.id = m.prefix_id
    WHERE m.ended_at IS NULL AND m.expires_at > :now
        AND :account_id IN (m.from_account_id, m.to_account_id)
    ORDER BY m.offered_at, m.id LIMIT :most
""")  # noqa: S608
_ALONG: Final = from_text("""
    SELECT p.id AS claim_id, p.delegate_loa_creation AS letter,
        (SELECT count(*) FROM bindings AS b WHERE b.prefix_id = p.id AND b.live) AS bindings,
        (SELECT count(*) FROM bgp_prefixes AS r WHERE r.prefix_id = p.id AND r.live) AS routes,
        (SELECT count(*) FROM bgp_prefixes AS r WHERE r.prefix_id = p.id AND r.live
            AND r.advertised) AS announced,
        (SELECT count(*) FROM delegations AS d WHERE d.prefix_id = p.id AND d.live
            AND (d.expires_at IS NULL OR d.expires_at > :now)) AS delegations
    FROM prefixes AS p WHERE p.id = ANY(:claim_ids)
""")
MOST: Final = 500


class MoveRepository(Repository):
    """Moves, under the lock of the claim."""

    async def get(self, move_id: UUID, *, locking: bool = False) -> Move:
        """An offer, whatever became of it.

        Raises:
            MoveNotFound: there is none.
        """
        return _move(await self._session.one(_LOCK if locking else _GET, MoveNotFound, id=move_id))

    async def open_of(self, claim_id: UUID) -> Move | None:
        """The offer of a claim that has not ended; it may have expired. Locked for update."""
        row = await self._session.row(_OPEN, claim_id=claim_id)
        return None if row is None else _move(row)

    async def require_account(self, account_id: UUID) -> None:
        """Raises MoveRecipientNotFound: there is no such account."""
        await self._session.one(_ACCOUNT, MoveRecipientNotFound, id=account_id)

    async def in_vain(self, from_account_id: UUID, to_account_id: UUID, since: datetime) -> int:
        """How many offers of one account to another, made since then, came to nothing."""
        of = {"from_account_id": from_account_id, "to_account_id": to_account_id}
        (row,) = await self._session.rows(_IN_VAIN, since=since, **of)
        return int(row.many)

    async def add(self, move: Move) -> None:
        """Keep a new one; its claim has no other that is open."""
        await self._session.change(
            _ADD,
            id=move.id,
            claim_id=move.claim_id,
            from_account_id=move.from_account_id,
            to_account_id=move.to_account_id,
            offered_at=move.offered_at,
            expires_at=move.expires_at,
            ended_at=move.ended_at,
            ended=move.ended and move.ended.value,
        )

    async def end(self, move: Move, ended: MoveEnd, now: datetime) -> None:
        """End an offer."""
        await self._session.change(_END, id=move.id, ended=ended.value, now=now)

    async def carry_out(self, move: Move, now: datetime) -> None:
        """Give the locked claim to the other account; the move has ended at this very moment."""
        accounts = [move.from_account_id, move.to_account_id]
        await self._session.rows(_LOCK_RUNS, claim_id=move.claim_id)
        await self._session.change(_LOCK_USAGE, account_ids=accounts)
        of = {"claim_id": move.claim_id, "to_account_id": move.to_account_id}
        await self._session.change(_MOVE, now=now, **of)


class MoveReader:
    """Open offers, read outside of transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def listed(self, account_id: UUID, now: datetime) -> Sequence[MoveView]:
        """Those that an account has made or got, the oldest first; at most 500."""
        rows = await self._autocommit.ask(_LISTED, account_id=account_id, now=now, most=MOST)
        return [MoveView(_move(row), row.cidr, row.version) for row in rows]

    async def along(self, claim_ids: Collection[UUID], now: datetime) -> Mapping[UUID, GoesAlong]:
        """What hangs on these claims; the caller knows that its reader has or gets them."""
        rows = await self._autocommit.ask(_ALONG, claim_ids=list(claim_ids), now=now)
        return {row.claim_id: from_row(GoesAlong, row) for row in rows}


def _move(row: Any) -> Move:
    return from_row(Move, row, ended=None if row.ended is None else MoveEnd(row.ended))
