"""Disputes, within one transaction that has the space of both parties, and for readers.

Text SQL: parties on both sides of one row.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import Claim
from byoip.domain.watch.dispute import LISTED, Dispute, DisputeEnd, DisputeNotFound, Side
from byoip.domain.watch.watch import Watch
from byoip.store.autocommit import autocommit_pool
from byoip.store.batches import Part, asking
from byoip.store.claims.claim_reader import claim_from
from byoip.store.claims.views import FROM_THE_FIRST, Cursor
from byoip.store.statements import Repository, from_row, from_text
from byoip.store.watch.views import DisputeParty, DisputeView, OwnDispute
from byoip.store.watch.watches import watch_from

_COLUMNS: Final = "id, holder_id, claimant_id, opened_at, decide_from, ended_at, ended"
_GET: Final = from_text(
    f"SELECT {_COLUMNS} FROM disputes WHERE id = :id",  # noqa: S608
    selects=_COLUMNS.split(", "),
)
_LOCK: Final = from_text(
    f"SELECT {_COLUMNS} FROM disputes WHERE id = :id FOR UPDATE"  # noqa: S608
)
_OPEN: Final = from_text(f"""
    SELECT {_COLUMNS} FROM disputes
    WHERE ended_at IS NULL AND (holder_id = :claim_id OR claimant_id = :claim_id) ORDER BY id
""")  # noqa: S608
_CHANGED: Final = from_text("""
    SELECT prefix_id, signal, looked_at, good_at, failing_since, failing_until, heard, level, seen,
        doubt, baseline, found
    FROM prefix_watches
    WHERE signal = 'holder' AND failing_since IS NOT NULL AND prefix_id = ANY(:claim_ids)
""")
# As of contests; those that this holder was decided for are answered.
_UNHEARD: Final = from_text("""
    SELECT rival.id FROM prefixes AS holder JOIN prefixes AS rival
        ON rival.cidr && holder.cidr AND rival.id <> holder.id
    WHERE holder.id = :holder_id AND rival.state = 'pending'
        AND (rival.standing = 'contested'
            OR rival.standing IN ('suspended', 'offboarding') AND rival.ownership_state = 'valid')
        AND NOT EXISTS (SELECT FROM disputes WHERE holder_id = holder.id
            AND claimant_id = rival.id AND ended = 'holder')
    LIMIT 1
""")
_LOST: Final = from_text("""
    SELECT id FROM disputes
    WHERE holder_id = :holder_id AND ended = 'claimant' AND ended_at >= :since LIMIT 1
""")
# Until its winner is approved, gives it up, or is suspended. Of two winners none waits.
_AWARDED: Final = from_text(
    """
    SELECT count(*) AS awarded FROM disputes AS d JOIN prefixes AS winner ON winner.id = claimant_id
    WHERE d.ended = 'claimant' AND winner.state = 'pending' AND winner.standing <> 'suspended'
        AND greatest(winner.revoked_at, winner.reopened_at, '-infinity') < d.ended_at
        AND winner.account_id <> :account_id AND winner.cidr && :prefix AND NOT EXISTS (
            SELECT FROM disputes WHERE claimant_id = :claim_id AND ended = 'claimant')
    """,
    selects=["awarded"],
)
_ADD: Final = from_text("""
    INSERT INTO disputes (id, holder_id, claimant_id, opened_at, decide_from)
    VALUES (:id, :holder_id, :claimant_id, :opened_at, :decide_from)
""")
_END: Final = from_text(
    "UPDATE disputes SET ended = :ended, ended_at = :now WHERE id = :id AND ended_at IS NULL"
)
_LISTED: Final = from_text(f"""
    SELECT {_COLUMNS} FROM disputes WHERE ended_at IS NULL AND (opened_at, id) > (:at, :after)
    ORDER BY opened_at, id OFFSET :first LIMIT :limit
""")  # noqa: S608
# What a side rests on: its newest run that has proven it, by whatever result.
_PARTIES: Final = from_text("""
    SELECT p.*, a.name AS account_name, (
        SELECT id FROM validation_runs AS run
        WHERE run.prefix_id = p.id AND result IN ('approved', 'passed', 'contested')
        ORDER BY created_at DESC, id DESC LIMIT 1
    ) AS run_id
    FROM prefixes AS p JOIN accounts AS a ON a.id = p.account_id WHERE p.id = ANY(:claim_ids)
""")
_OWN: Final = from_text("""
    SELECT d.id, CASE WHEN d.holder_id = p.id THEN 'holder' ELSE 'claimant' END AS side,
        other.cidr::text AS other, d.opened_at, d.decide_from
    FROM prefixes AS p JOIN disputes AS d ON p.id IN (d.holder_id, d.claimant_id)
        JOIN prefixes AS other ON other.id IN (d.holder_id, d.claimant_id) AND other.id <> p.id
    WHERE p.id = :claim_id AND p.account_id = :account_id AND d.ended_at IS NULL
    ORDER BY d.opened_at, d.id
""")
_COUNT: Final = from_text("SELECT count(*) AS many FROM disputes WHERE ended_at IS NULL")


class DisputeRepository(Repository):
    """Disputes, in a transaction that has locked the space and the claim that it is about."""

    async def get(self, dispute_id: UUID, *, locking: bool = False) -> Dispute:
        """One of them, ended or not.

        Raises:
            DisputeNotFound: there is none.
        """
        asked = _LOCK if locking else _GET
        return _dispute(await self._session.one(asked, DisputeNotFound, id=dispute_id))

    async def open_of(self, claim_id: UUID) -> Sequence[Dispute]:
        """Those of a claim that are open, on whichever side."""
        return [_dispute(row) for row in await self._session.rows(_OPEN, claim_id=claim_id)]

    async def changed(self, claim_ids: Collection[UUID]) -> Mapping[UUID, Watch]:
        """Of these claims those of which a file told another holder."""
        rows = await self._session.rows(_CHANGED, claim_ids=list(claim_ids))
        return {row.prefix_id: watch_from(row) for row in rows}

    async def unheard_rival(self, holder_id: UUID) -> bool:
        """Whether another account has proven the space, of which no dispute was decided."""
        return await self._session.row(_UNHEARD, holder_id=holder_id) is not None

    async def lost(self, holder: Claim) -> bool:
        """Whether its approval went, the last time, as one was decided for its claimant."""
        asked = {"holder_id": holder.id, "since": holder.revoked_at}
        return not holder.approved and await self._session.row(_LOST, **asked) is not None

    def awarded(self, claim: Claim) -> Part:
        """Whether one was decided for another account, which is not approved yet: for a look."""
        whose = {"account_id": claim.account_id, "claim_id": claim.id}
        of = {**whose, "prefix": claim.prefix.network}
        return asking(_AWARDED, lambda rows: bool(rows[0].awarded), **of)

    async def add(self, dispute: Dispute) -> None:
        """Open it; there is none between the two."""
        await self._session.change(
            _ADD,
            id=dispute.id,
            holder_id=dispute.holder_id,
            claimant_id=dispute.claimant_id,
            opened_at=dispute.opened_at,
            decide_from=dispute.decide_from,
        )

    async def end(self, dispute: Dispute, ended: DisputeEnd, now: datetime) -> None:
        """End it."""
        await self._session.change(_END, id=dispute.id, ended=ended.value, now=now)


class DisputeReader:
    """Disputes, read outside of transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def listed(
        self, *, after: Cursor = FROM_THE_FIRST, first: int = 0, limit: int = LISTED
    ) -> Sequence[DisputeView]:
        """Those that are open, the oldest first: after a place in the list, behind as many."""
        of = {"at": after.created_at, "after": after.id, "first": first, "limit": limit}
        found = [_dispute(row) for row in await self._autocommit.ask(_LISTED, **of)]
        return await self._with_parties(found)

    async def count(self) -> int:
        """How many are open."""
        (row,) = await self._autocommit.ask(_COUNT)
        return int(row.many)

    async def one(self, dispute_id: UUID) -> DisputeView:
        """One of them, ended or not.

        Raises:
            DisputeNotFound: there is none.
        """
        found = _dispute(await self._autocommit.one(_GET, DisputeNotFound, id=dispute_id))
        return (await self._with_parties([found]))[0]

    async def own(self, account_id: UUID, claim_id: UUID) -> Sequence[OwnDispute]:
        """Open disputes about an account's claim, as it is shown them."""
        rows = await self._autocommit.ask(_OWN, account_id=account_id, claim_id=claim_id)
        return [from_row(OwnDispute, row, side=Side(row.side)) for row in rows]

    async def _with_parties(self, found: Sequence[Dispute]) -> Sequence[DisputeView]:
        ids = sorted({one for of in found for one in (of.holder_id, of.claimant_id)})
        rows = await self._autocommit.ask(_PARTIES, claim_ids=ids) if ids else []
        parties = {
            row.id: DisputeParty(claim_from(row), row.account_name, row.run_id) for row in rows
        }
        return [DisputeView(of, parties[of.holder_id], parties[of.claimant_id]) for of in found]


def _dispute(row: Any) -> Dispute:
    ended = None if row.ended is None else DisputeEnd(row.ended)
    return from_row(Dispute, row, ended=ended)
