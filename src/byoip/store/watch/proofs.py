"""Proofs whose time has come, within one transaction, and for operators.

Text SQL: the index is one of an expression.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.lifecycle import Approver
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.validity import REMINDERS, YEAR
from byoip.store.autocommit import autocommit_pool
from byoip.store.statements import Session, from_text
from byoip.store.watch.views import EndingProof

_DUE: Final = from_text("""
    SELECT id FROM prefixes
    WHERE state = 'approved' AND COALESCE(proof_due_at, '-infinity'::timestamptz) <= :now
    ORDER BY COALESCE(proof_due_at, '-infinity'::timestamptz) LIMIT :most
""")
_SHOWN: Final = """
    SELECT p.id, p.account_id, p.cidr::text AS cidr, p.approved_by, p.proven_at,
        p.proof_ends_at AS ends_at, p.frozen_for, w.seen
    FROM prefixes AS p LEFT JOIN prefix_watches AS w ON w.prefix_id = p.id AND w.signal = 'proof'
    WHERE p.state = 'approved' AND
"""
_ENDING: Final = from_text(f"""
    ({_SHOWN} p.proof_ends_at <= :until ORDER BY p.proof_ends_at, p.id LIMIT :most)
    UNION ALL
    ({_SHOWN} p.proof_ends_at IS NULL AND p.proven_at <= :since AND p.approved_by = 'operator'
        ORDER BY p.id LIMIT :most)
""")

MOST: Final = 500


async def due_proofs(session: Session, now: datetime, most: int) -> Sequence[UUID]:
    """Approved prefixes about whose proofs something is to be done, the longest due first."""
    return [row.id for row in await session.rows(_DUE, now=now, most=most)]


class ProofReader:
    """What operators are shown of proofs."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def ending(self, now: datetime) -> Sequence[EndingProof]:
        """Proofs that end soon or have ended, the first first; then what stands without an end.

        Of both at most 500: see `REMINDERS` and `YEAR` in `domain/watch/validity.py`.
        """
        until, since = now + REMINDERS[0], now - YEAR + timedelta(days=1)
        rows = await self._autocommit.ask(_ENDING, until=until, since=since, most=MOST)
        return [
            EndingProof(
                row.id,
                row.account_id,
                row.cidr,
                Approver(row.approved_by),
                row.proven_at,
                row.ends_at,
                frozenset(map(Signal, row.frozen_for)),
                row.seen or "",
            )
            for row in rows
        ]
