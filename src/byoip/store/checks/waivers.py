"""Checks that operators waive for one prefix.

One statement is text: it locks, gives each its reason and ends it at once; Core needs twice the
lines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.claims.check_waiver import CheckWaiver, Waivable, WaiverEnded, WaiverNotFound
from byoip.domain.customer_text import CustomerText
from byoip.store.batches import Part, asking
from byoip.store.checks.tables import check_waivers
from byoip.store.statements import AnyRow, Repository, compiled

_w = check_waivers.c
_CLAIM: Final = _w.prefix_id == sa.bindparam("claim_id", type_=sa.Uuid)
_NOW: Final = sa.bindparam("now", type_=sa.DateTime(timezone=True))
_LIVE: Final = sa.select(check_waivers).where(_w.live, _CLAIM).order_by(_w.check_name)
IN_FORCE: Final = compiled(_LIVE.where(_w.expires_at > _NOW))
_ADD: Final = compiled(
    sa.insert(check_waivers),
    ["id", "prefix_id", "check_name", "reason", "created_at", "expires_at"],
)
_end = sa.update(check_waivers).where(_w.live, _CLAIM).returning(check_waivers)
_REPLACE: Final = compiled(
    _end.where(_w.check_name == sa.bindparam("waived")), ["ended_at", "ended_because"]
)
_END: Final = compiled(
    _end.where(_w.id == sa.bindparam("waiver_id", type_=sa.Uuid)), ["ended_at", "ended_because"]
)
# Those that another transaction holds are ended ten minutes later.
_END_OVER: Final = compiled(
    sa.text("""
    WITH over AS (
        SELECT waiver.id, CASE WHEN expires_at <= :now THEN 'expired' ELSE 'roa' END AS because
        FROM check_waivers AS waiver JOIN prefixes ON prefixes.id = waiver.prefix_id
        WHERE waiver.live AND prefixes.state <> 'closed' AND (expires_at <= :now OR (
            check_name = 'rpki' AND EXISTS (
                SELECT FROM vrps
                WHERE snapshot = (SELECT number FROM current_vrp_snapshot)
                    AND vrps.prefix >>= prefixes.cidr
                    AND coalesce(vrps.expires > :now_epoch, true)
            )
        ))
        ORDER BY waiver.id FOR UPDATE OF waiver SKIP LOCKED
    )
    UPDATE check_waivers AS waiver SET ended_at = :now, ended_because = over.because
    FROM over WHERE waiver.id = over.id
    RETURNING waiver.*
    """)
)


@dataclass(frozen=True, slots=True)
class EndedWaiver:
    """A waiver that has ended, and why."""

    waiver: CheckWaiver
    because: WaiverEnded


class WaiverRepository(Repository):
    """Waivers, within one transaction that holds their claim's lock to grant or end them."""

    async def of(self, claim_id: UUID, now: datetime) -> Mapping[Waivable, CheckWaiver]:
        """Those of a claim that are in force."""
        return _by_check(await self._session.rows(IN_FORCE, claim_id=claim_id, now=now))

    def asking(self, claim_id: UUID, now: datetime) -> Part:
        """The same, as a part of a look."""
        return asking(IN_FORCE, _by_check, claim_id=claim_id, now=now)

    async def put(self, waiver: CheckWaiver) -> CheckWaiver | None:
        """Keep it; gives the one of the same check that it replaces."""
        replaced = await self._session.row(
            _REPLACE,
            claim_id=waiver.claim_id,
            waived=waiver.check.value,
            ended_at=waiver.created_at,
            ended_because=WaiverEnded.OPERATOR,
        )
        await self._session.change(
            _ADD,
            id=waiver.id,
            prefix_id=waiver.claim_id,
            check_name=waiver.check,
            reason=waiver.reason.value,
            created_at=waiver.created_at,
            expires_at=waiver.expires_at,
        )
        return None if replaced is None else waiver_from(replaced)

    async def end(self, claim_id: UUID, waiver_id: UUID, now: datetime) -> CheckWaiver:
        """End one on the operator's word; the row stays.

        Raises:
            WaiverNotFound: the claim has no such waiver.
        """
        row = await self._session.one(
            _END,
            WaiverNotFound,
            claim_id=claim_id,
            waiver_id=waiver_id,
            ended_at=now,
            ended_because=WaiverEnded.OPERATOR,
        )
        return waiver_from(row)

    async def end_over(self, now: datetime) -> Sequence[EndedWaiver]:
        """End those of live claims whose time is over, or that a ROA of the newest data covers."""
        rows = await self._session.rows(_END_OVER, now=now, now_epoch=int(now.timestamp()))
        return [EndedWaiver(waiver_from(row), WaiverEnded(row.ended_because)) for row in rows]


def _by_check(rows: Sequence[AnyRow]) -> Mapping[Waivable, CheckWaiver]:
    return {one.check: one for one in map(waiver_from, rows)}


def waiver_from(row: AnyRow) -> CheckWaiver:
    """A row of check_waivers."""
    return CheckWaiver(
        row.id,
        row.prefix_id,
        Waivable(row.check_name),
        CustomerText(row.reason),
        row.created_at,
        row.expires_at,
    )
