"""Kill switches, and the sets of rows that jobs were about to act on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.jobs.job_history import (
    MEASURED,
    REMEMBERED,
    JobKind,
    JobRun,
    JobStopped,
    JobSwitch,
    proportionate,
)
from byoip.store.jobs.tables import job_runs, job_switches
from byoip.store.jobs.views import JobReport
from byoip.store.statements import AnyRow, Repository, compiled, from_row, json, to_row

_s, _r = job_switches.c, job_runs.c
_KIND: Final = sa.bindparam("kind", type_=sa.Text)
_RUN: Final = sa.bindparam("run_id", type_=sa.Uuid)
_WRITTEN: Final = tuple(one.name for one in job_runs.c if one.computed is None)
_ALLOWED: Final = ("allowed_at", "allowed_by", "allowed_because")
_not_refused = _r.refused == sa.literal_column("''")

_STOPPED: Final = compiled(sa.select(_s.kind).where(_s.kind == _KIND, _s.stopped))
SWITCHES: Final = compiled(sa.select(job_switches))
_SWITCHED: Final = compiled(sa.select(job_switches).where(_s.kind == _KIND).with_for_update())
_moved = pg.insert(job_switches)
_SWITCH: Final = compiled(
    _moved.on_conflict_do_update(
        index_elements=[_s.kind],
        set_={name: _moved.excluded[name] for name in ("stopped", "at", "by", "because")},
    ),
    _s.keys(),
)
# All but the whole set, which may be long.
RUN_SHOWN: Final = tuple(one for one in job_runs.c if one.name != "ids")

PAST: Final = compiled(
    sa.select(sa.func.least(_r.acted, _r.measured).label("acted"))
    .where(_r.kind == _KIND, _not_refused, _r.acted > 0, _r.measured > 0)
    .order_by(_r.at.desc())
    .limit(sa.literal_column(str(REMEMBERED), sa.Integer))
)
_NEWEST: Final = compiled(
    sa.select(*RUN_SHOWN).where(_r.kind == _KIND).order_by(_r.at.desc(), _r.id).limit(1)
)
_WAITING: Final = compiled(sa.select(job_runs).where(_r.kind == _KIND, _r.waits).with_for_update())
_BEGIN: Final = compiled(sa.insert(job_runs), _WRITTEN)
_refused = pg.insert(job_runs)
_REFUSE: Final = compiled(
    _refused.on_conflict_do_update(
        index_elements=[_r.kind],
        index_where=_r.waits,
        set_={
            **{
                name: _refused.excluded[name]
                for name in ("at", "listed", "sample", "ids", "measured", "refused")
            },
            **dict.fromkeys(_ALLOWED),
        },
        where=_r.ids.is_distinct_from(_refused.excluded.ids),  # not rewritten at each run
    ).returning(_r.id),
    _WRITTEN,
)
_ALLOW: Final = compiled(sa.update(job_runs).where(_r.id == _RUN), _ALLOWED)
_USED: Final = compiled(sa.update(job_runs).where(_r.id == _RUN), ["used_at"])
_ACTED: Final = compiled(
    sa.update(job_runs).where(_r.id == _RUN).values(acted=sa.bindparam("many")), ["failed"]
)


class JobGuardRepository(Repository):
    """What holds jobs back, within one transaction."""

    async def require_running(self, kind: JobKind) -> None:
        """Check that no operator has thrown the kill switch.

        Raises:
            JobStopped: an operator has.
        """
        if await self._session.rows(_STOPPED, kind=kind):
            raise JobStopped(kind)

    async def switch(self, moved: JobSwitch) -> None:
        """Throw a kill switch, or let the job run again."""
        await self._session.change(_SWITCH, **to_row(moved, _s.keys()))

    async def switched(self, kind: JobKind) -> JobSwitch:
        """How it stands, locked if it was ever moved."""
        found = switches_from(await self._session.rows(_SWITCHED, kind=kind))
        return next(one for one in found if one.kind is kind)

    async def switches(self) -> Sequence[JobSwitch]:
        """One for each kind."""
        return switches_from(await self._session.rows(SWITCHES))

    async def report(self, kind: JobKind) -> JobReport:
        """All that is known of a kind."""
        switch = next(one for one in await self.switches() if one.kind is kind)
        most = proportionate(await self.past(kind)) if kind in MEASURED else None
        newest = await self._session.row(_NEWEST, kind=kind)
        last = None if newest is None else job_run_from(newest)
        return JobReport(switch, most, last, await self.waiting(kind))

    async def past(self, kind: JobKind) -> Sequence[int]:
        """How many new rows the remembered runs of a kind acted on, newest first."""
        return [row.acted for row in await self._session.rows(PAST, kind=kind)]

    async def waiting(self, kind: JobKind) -> JobRun | None:
        """The refused set of a kind that waits for an operator, locked."""
        row = await self._session.row(_WAITING, kind=kind)
        return None if row is None else replace(job_run_from(row), ids=tuple(row.ids))

    async def begin(self, run: JobRun) -> None:
        """Write down what a run is going to act on."""
        await self._session.change(_BEGIN, **_values(run))

    async def refuse(self, run: JobRun) -> bool:
        """Write down that a run will not act; True if no refused set of its kind waited before.

        If one waits already, it takes over the new set, and a permission for another set is void.
        """
        rows = await self._session.rows(_REFUSE, **_values(run))
        return any(row.id == run.id for row in rows)

    async def allow(self, run: JobRun) -> None:
        """Write back an operator's permission for a refused set."""
        await self._session.change(_ALLOW, run_id=run.id, **to_row(run, _ALLOWED))

    async def used(self, run_id: UUID, now: datetime) -> None:
        """Note that a run has used a permission: its rows are enrolled."""
        await self._session.change(_USED, run_id=run_id, used_at=now)

    async def acted(self, run_id: UUID, many: int, failed: int) -> None:
        """Note how many rows a run has acted on, and how many were at fault themselves."""
        await self._session.change(_ACTED, run_id=run_id, many=many, failed=failed)


def switches_from(rows: Sequence[AnyRow]) -> Sequence[JobSwitch]:
    """One for each kind, from the rows of those that were ever moved."""
    moved = {row.kind: row for row in rows}
    return [
        JobSwitch(kind, row.stopped, row.at, row.by, row.because)
        if (row := moved.get(kind))
        else JobSwitch(kind)
        for kind in JobKind
    ]


def job_run_from(row: AnyRow) -> JobRun:
    """RUN_SHOWN of a row of job_runs."""
    sample = tuple(map(UUID, row.sample))
    return from_row(JobRun, row, kind=JobKind(row.kind), sample=sample, ids=())


def _values(run: JobRun) -> dict[str, Any]:
    sample = json([one.hex for one in run.sample])
    return to_row(run, _WRITTEN, sample=sample, ids=list(run.ids))
