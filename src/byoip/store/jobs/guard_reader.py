"""Reads the breaker and the jobs for operators.

Text SQL: what waits behind a trip, with a count for each row.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.jobs.job_history import MEASURED, JobKind, JobSwitch, proportionate
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Ceilings, Counted
from byoip.domain.routes.offboarding import Step
from byoip.store.autocommit import autocommit_pool
from byoip.store.claims.views import Cursor
from byoip.store.jobs.job_guards import PAST, RUN_SHOWN, SWITCHES, job_run_from, switches_from
from byoip.store.jobs.tables import job_runs
from byoip.store.jobs.views import AllBehind, Behind, BreakerReport, JobReport, ParkedSet
from byoip.store.routes.breaker import ADVERTISED, IN_MINUTE, IN_WINDOW, OPEN, counting, trip_from
from byoip.store.routes.tables import offboardings, withdrawals
from byoip.store.statements import compiled, from_row, from_text

_SAMPLE: Final = 20
_w, _o, _r = withdrawals.c, offboardings.c, job_runs.c

_routes = sa.func.count(_w.bgp_prefix_id.distinct()).label("many")
_busiest_account = sa.select(_routes).where(IN_MINUTE).group_by(_w.account_id).subquery()
_busiest_run = (
    sa.select(_routes)
    .where(IN_WINDOW, _w.run != sa.literal_column("''"))
    .group_by(_w.job, _w.run)
    .subquery()
)
_USE: Final = compiled(
    sa.select(
        sa.select(sa.func.coalesce(sa.func.max(_busiest_run.c.many), 0))
        .scalar_subquery()
        .label("in_run"),
        sa.select(sa.func.coalesce(sa.func.max(_busiest_account.c.many), 0))
        .scalar_subquery()
        .label("by_account"),
        counting(IN_MINUTE).label("in_minute"),
        counting(IN_WINDOW).label("in_window"),
        ADVERTISED.label("advertised"),
    )
)
_PARKED: Final = compiled(
    sa.select(_o.parked_by, _o.prefix_id)
    .where(_o.live, _o.parked_by.is_not(None))
    .order_by(_o.began_at)
)
_UP: Final = """(
    SELECT count(*) FROM bgp_prefixes AS b
    WHERE b.prefix_id = o.prefix_id AND b.live AND b.advertised
)"""
_BEHIND: Final = from_text(f"""
    SELECT o.id, p.id AS claim_id, p.cidr, p.account_id, a.name AS account, o.began_at, o.step,
        {_UP} AS up, jsonb_array_length(o.routes) AS withdrawn
    FROM offboardings AS o JOIN prefixes AS p ON p.id = o.prefix_id
        JOIN accounts AS a ON a.id = p.account_id
    WHERE o.live AND o.parked_by = :trip_id AND (o.began_at, o.id) > (:at, :after)
    ORDER BY o.began_at, o.id LIMIT :most
""")  # noqa: S608 - of constants
_ALL_BEHIND: Final = from_text(f"""
    SELECT coalesce(array_agg(o.prefix_id ORDER BY o.prefix_id), '{{}}') AS claims,
        coalesce(sum({_UP}), 0) AS up
    FROM offboardings AS o WHERE o.live AND o.parked_by = :trip_id
""")  # noqa: S608 - of constants
_FIRST: Final = Cursor(datetime.min.replace(tzinfo=UTC), UUID(int=0))
_NEWEST: Final = compiled(
    sa.select(*RUN_SHOWN).ext(pg.distinct_on(_r.kind)).order_by(_r.kind, _r.at.desc(), _r.id)
)
_WAITING: Final = compiled(
    sa.select(*RUN_SHOWN).where(_r.waits).limit(sa.bindparam("most", type_=sa.Integer))
)


class GuardReader:
    """One statement each, nothing is locked."""

    def __init__(self, engine: AsyncEngine, ceilings: Ceilings) -> None:
        self._autocommit = autocommit_pool(engine)
        self._ceilings = ceilings

    async def breaker(self) -> BreakerReport:
        """The ceilings, how much of each is used now, and the open trips."""
        (use,) = await self._autocommit.ask(_USE)
        parked: dict[UUID, list[UUID]] = {}
        for row in await self._autocommit.ask(_PARKED):
            parked.setdefault(row.parked_by, []).append(row.prefix_id)
        trips = [trip_from(row) for row in await self._autocommit.ask(OPEN)]
        return BreakerReport(
            self._ceilings,
            Counted(use.in_run, use.by_account, use.in_minute, use.in_window, use.advertised),
            tuple((one, _set(parked.get(one.id, []))) for one in trips),
        )

    async def behind(self, trip_id: UUID, *, after: Cursor | None, limit: int) -> Sequence[Behind]:
        """The offboardings that wait behind a trip, the oldest first."""
        after = after or _FIRST
        rows = await self._autocommit.ask(
            _BEHIND, trip_id=trip_id, at=after.created_at, after=after.id, most=limit
        )
        return [
            from_row(Behind, row, cidr=Prefix.parse(str(row.cidr)), step=Step(row.step))
            for row in rows
        ]

    async def all_behind(self, trip_id: UUID) -> AllBehind:
        """What re-arming a trip decides about."""
        (row,) = await self._autocommit.ask(_ALL_BEHIND, trip_id=trip_id)
        return AllBehind(tuple(row.claims), int(row.up))

    async def jobs(self) -> Sequence[JobReport]:
        """One report for each kind of job."""
        switches = switches_from(await self._autocommit.ask(SWITCHES))
        newest = {row.kind: job_run_from(row) for row in await self._autocommit.ask(_NEWEST)}
        waiting = {
            row.kind: job_run_from(row) for row in await self._autocommit.ask(_WAITING, most=100)
        }
        return [
            JobReport(one, await self._most(one), newest.get(one.kind), waiting.get(one.kind))
            for one in switches
        ]

    async def _most(self, switch: JobSwitch) -> int | None:
        if switch.kind not in MEASURED:
            return None
        kind: JobKind = switch.kind
        return proportionate([row.acted for row in await self._autocommit.ask(PAST, kind=kind)])


def _set(claims: list[UUID]) -> ParkedSet:
    return ParkedSet(len(claims), tuple(claims[:_SAMPLE]))
