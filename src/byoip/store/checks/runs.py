"""Validation runs: opened, taken by a worker on a lease, finished."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.checks.evidence import Finding
from byoip.domain.checks.validation_run import RunResult, RunState, Trigger, ValidationRun
from byoip.domain.prefix import Prefix
from byoip.ports.clock import Clock
from byoip.ports.jobs import RUN_VALIDATION
from byoip.store.batches import Part, asking
from byoip.store.checks import raw_answers
from byoip.store.checks.evidence import keep_findings
from byoip.store.checks.raw_answers import NEWEST_KEPT
from byoip.store.checks.tables import validation_runs
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.statements import AnyRow, Session, compiled, from_row, to_row

# A job may be picked up within milliseconds, on a machine whose clock is a little behind.
_SKEW: Final = timedelta(seconds=2)
_OVERDUE: Final = timedelta(seconds=30)
EVIDENCE_QUOTA: Final = 256 * 2**20  # bytes of an account, unless the operator says otherwise

_r = validation_runs.c
_THIS: Final = _r.id == sa.bindparam("run_id")
_OF_CLAIM: Final = _r.prefix_id == sa.bindparam("claim_id")
_TIME: Final = sa.bindparam("time", type_=sa.DateTime(timezone=True))
_WITHOUT: Final = sa.bindparam("without_token", type_=sa.Uuid)
_SCHEDULED: Final = _r.state == constant(RunState.SCHEDULED)
_RUNNING: Final = _r.state == constant(RunState.RUNNING)
_OPEN: Final = _r.state.in_([constant(RunState.SCHEDULED), constant(RunState.RUNNING)])

# Leases are judged by the database's clock: it is the only one that all workers share.
_CLOCK: Final = sa.func.clock_timestamp()
_LEASE: Final = _CLOCK + sa.bindparam("lease")
_LEFT: Final = sa.and_(_RUNNING, _r.lease_until < _CLOCK)
_HELD: Final = sa.and_(_THIS, _r.attempt == sa.bindparam("held_attempt"), _RUNNING)

_WRITTEN: Final = tuple(
    one.name
    for one in validation_runs.c
    if one.name not in {"lease_until", "raw_until", "recorded"} and one.server_default is None
)
_insert = pg.insert(validation_runs).on_conflict_do_nothing(
    index_elements=[_r.prefix_id], index_where=_OPEN
)
_OPEN_NEW: Final = compiled(_insert, _WRITTEN)
_GET_OPEN: Final = compiled(sa.select(validation_runs).where(_OF_CLAIM, _OPEN))
# As if it were a new one, of the customer's.
_WAKE: Final = compiled(
    sa.update(validation_runs)
    .where(_THIS, _SCHEDULED, _r.due_at > _TIME)
    .values(due_at=_TIME, trigger=constant(Trigger.CUSTOMER), without_token=_WITHOUT)
)
_take = (
    sa.update(validation_runs)
    .where(_THIS, sa.or_(sa.and_(_SCHEDULED, _r.due_at <= sa.bindparam("due")), _LEFT))
    .values(
        state=constant(RunState.RUNNING),
        attempt=_r.attempt + 1,
        started_at=_TIME,
        lease_until=_LEASE,
    )
)
_cidr = sa.select(prefixes.c.cidr).where(prefixes.c.id == _r.prefix_id).scalar_subquery()
_TAKE: Final = compiled(_take.returning(validation_runs, _cidr.label("cidr")))
_PUT_BACK: Final = compiled(
    sa.update(validation_runs)
    .where(_HELD)
    .values(
        state=constant(RunState.SCHEDULED),
        attempt=_r.attempt - 1,
        started_at=None,
        lease_until=None,
    )
)
# Whether others have taken it or not: one that was stopped meanwhile found what was true hours ago.
_ALIVE: Final = sa.and_(_HELD, _r.lease_until >= _CLOCK)
_RENEW: Final = compiled(sa.update(validation_runs).where(_ALIVE).values(lease_until=_LEASE))
_LOCK: Final = compiled(sa.select(validation_runs).where(_ALIVE).with_for_update())
_NUMBER: Final = sa.func.nextval(sa.literal_column("'validation_runs_recorded'"))
_FINISH: Final = compiled(
    sa.update(validation_runs).where(_HELD).values(recorded=_NUMBER),
    ["state", "result", "finished_at", "lease_until", "raw_bytes"],
)
_CANCEL: Final = compiled(
    sa.update(validation_runs)
    .where(_OF_CLAIM, _OPEN)
    .values(state=constant(RunState.CANCELLED), finished_at=_TIME, lease_until=None)
    .returning(_r.id)
)
# Both conditions on the state: the index is of open runs. Of a flood any number may be due: the
# newest are looked at, and what others ask for later is among them.
_newest = (
    sa.select(_r.id, _r.prefix_id, _r.due_at)
    .where(_OPEN, _SCHEDULED, _r.due_at <= _TIME)
    .order_by(_r.due_at.desc())
    .limit(5000)
    .subquery()
)
_of_full = prefixes.c.account_id == sa.any_(sa.bindparam("full", type_=pg.ARRAY(sa.Uuid)))
_DUE_BESIDE: Final = compiled(
    sa.select(_newest.c.id)
    .join(prefixes, prefixes.c.id == _newest.c.prefix_id)
    .where(~_of_full)
    .order_by(_newest.c.due_at)
    .limit(1)
)
_job = sa.table(
    "procrastinate_jobs", sa.column("status"), sa.column("task_name"), sa.column("args", pg.JSONB)
)
# By grouping runs and jobs together, which hashes or sorts each row once whatever the planner takes
# for their number. Looked for run by run, joined, or by NOT IN, they take longer than a statement
# may while a flood is younger than the planner's statistics, or larger than what Postgres hashes.
_overdue = sa.select(_r.id, _r.due_at, sa.false().label("queued")).where(
    _OPEN, sa.or_(sa.and_(_SCHEDULED, _r.due_at < _TIME), _LEFT)
)
_queued = sa.select(sa.cast(_job.c.args["run_id"].astext, sa.Uuid), sa.null(), sa.true()).where(
    _job.c.status == sa.literal_column("'todo'"),
    _job.c.task_name == sa.literal_column(f"'{RUN_VALIDATION}'"),
)
_both = sa.union_all(_overdue, _queued).subquery()
_ABANDONED: Final = compiled(
    sa.select(_both.c.id)
    .group_by(_both.c.id)
    .having(~sa.func.bool_or(_both.c.queued))
    .order_by(sa.func.min(_both.c.due_at))
    .limit(sa.bindparam("most", type_=sa.Integer))
)


class RunRepository:
    """Validation runs, within one transaction."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def open(self, run: ValidationRun) -> tuple[ValidationRun, bool]:
        """Insert it, or find the claim's open one; whether it is new."""
        while True:
            if await self._session.change(
                _OPEN_NEW, **to_row(run, _WRITTEN, prefix_id=run.claim_id)
            ):
                return run, True
            if row := await self._session.row(_GET_OPEN, claim_id=run.claim_id):
                return run_from(row), False
            # The open one ended between the two statements: now there is room for ours.

    async def wake(self, run_id: UUID, now: datetime, *, without_token: UUID | None = None) -> bool:
        """Let a sleeping run start now, as its customer asks for it.

        False if it is due or runs already, or has ended.
        """
        asked = {"run_id": run_id, "time": now, "without_token": without_token}
        return bool(await self._session.change(_WAKE, **asked))

    async def take(self, run_id: UUID, lease: timedelta) -> ValidationRun | None:
        """Start an attempt: due and sleeping, or its lease ran out (by the database's clock).

        None if there is nothing to take. Increments the attempt number.
        """
        taken = await self.begin(run_id, lease)
        return None if taken is None else taken[0]

    async def begin(self, run_id: UUID, lease: timedelta) -> tuple[ValidationRun, Prefix] | None:
        """The same, with its claim's prefix, which never changes."""
        now = self._clock.now()
        row = await self._session.row(_TAKE, run_id=run_id, time=now, due=now + _SKEW, lease=lease)
        return None if row is None else (run_from(row), Prefix(row.cidr))

    async def put_back(self, run_id: UUID, attempt: int) -> bool:
        """End an attempt before anything was asked; False if another has taken over."""
        return bool(await self._session.change(_PUT_BACK, run_id=run_id, held_attempt=attempt))

    async def due_beside(self, full: Sequence[UUID], now: datetime) -> UUID | None:
        """A run that is due, and belongs to none of these accounts."""
        row = await self._session.row(_DUE_BESIDE, full=list(full), time=now)
        return None if row is None else row.id

    async def renew(self, run_id: UUID, attempt: int, lease: timedelta) -> bool:
        """Show that this attempt lives; False if its lease has ended."""
        held = {"run_id": run_id, "held_attempt": attempt}
        return bool(await self._session.change(_RENEW, **held, lease=lease))

    async def lock(self, run_id: UUID, attempt: int) -> ValidationRun | None:
        """Lock the run for recording, after its claim; None unless this attempt's lease lasts."""
        (run,) = await self._session.look(self.locking(run_id, attempt))
        locked: ValidationRun | None = run
        return locked

    def locking(self, run_id: UUID, attempt: int) -> Part:
        """The same, as a part of a look, after its claim."""
        asked = {"run_id": run_id, "held_attempt": attempt}
        return asking(_LOCK, lambda rows: run_from(rows[0]) if rows else None, **asked)

    def evidence_kept(self, claim_id: UUID) -> Part:
        """Bytes of raw answers that the runs of the claim's account keep: for a look."""
        return raw_answers.used(claim_id)

    async def finish(
        self,
        run: ValidationRun,
        findings: Sequence[Finding],
        quota: int = EVIDENCE_QUOTA,
        *,
        used: int | None = None,
    ) -> None:
        """End it, and keep what was found with its evidence.

        Raw answers beyond the account's quota (in bytes, compressed; `used` is what it keeps, if
        that was asked before) are not kept, unless the run approves; older ones of the claim then
        make room.
        """
        session, claim_id, approved = self._session, run.claim_id, run.result is RunResult.APPROVED
        if used is None:
            (used,) = await session.look(self.evidence_kept(claim_id))
        contents = raw_answers.packed(findings)
        size = sum(map(len, contents.values()))
        full = used + size > quota
        if full and not approved:
            contents, size = {}, 0
        await session.put_off(
            "run",
            _FINISH,
            {
                "run_id": run.id,
                "held_attempt": run.attempt,
                "state": run.state,
                "result": run.result,
                "finished_at": run.finished_at,
                "lease_until": None,
                "raw_bytes": size,
            },
            missing=RuntimeError("a run was finished without being locked"),
        )
        if contents:
            await raw_answers.keep(session, claim_id, contents)
        await keep_findings(session, run.id, findings, contents)
        newest = 0 if full else NEWEST_KEPT
        now = self._clock.now()
        await raw_answers.supersede(session, claim_id, now, newest, approved=approved)

    async def end_open(self, claim_id: UUID, now: datetime) -> UUID | None:
        """Cancel the open run of a claim that is closed, and date its evidence; which one."""
        await raw_answers.claim_closed(self._session, claim_id, now)
        row = await self._session.row(_CANCEL, claim_id=claim_id, time=now)
        return None if row is None else row.id

    async def abandoned(self, limit: int) -> Sequence[UUID]:
        """Open runs that no worker carries out, and for which no job waits.

        Their lease has run out, or they are overdue for half a minute.
        """
        overdue = self._clock.now() - _OVERDUE
        return [row.id for row in await self._session.rows(_ABANDONED, time=overdue, most=limit)]


def run_from(row: AnyRow) -> ValidationRun:
    """A row of validation_runs."""
    return from_row(
        ValidationRun,
        row,
        claim_id=row.prefix_id,
        trigger=Trigger(row.trigger),
        state=RunState(row.state),
        result=None if row.result is None else RunResult(row.result),
    )
