"""Jobs, added to the queue on the connection of the transaction that wants them."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from procrastinate import App, PsycopgConnector

from byoip.domain.checks.validation_run import RunState
from byoip.ports import jobs
from byoip.store.checks.tables import validation_runs
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.engine import plain, session_options
from byoip.store.statements import Session, compiled

SCHEMA: Final = "procrastinate"
_AS_SCHEDULED: Final = {"timestamp": 0}

_run, _prefix = validation_runs.alias(), prefixes.alias()
_whose = sa.select(_prefix.c.account_id).where(
    _prefix.c.id == _run.c.prefix_id, _run.c.id == sa.bindparam("run_id")
)
_OPEN_RUNS: Final = compiled(
    sa.select(sa.func.count().label("open"))
    .select_from(validation_runs.join(prefixes, prefixes.c.id == validation_runs.c.prefix_id))
    .where(
        validation_runs.c.state.in_([constant(RunState.SCHEDULED), constant(RunState.RUNNING)]),
        prefixes.c.account_id == _whose.scalar_subquery(),
    )
)


def make_job_app(database_url: str, *, connections: int = 4) -> App:
    """The queue, for a worker: it opens a pool of its own, in the queue's schema.

    The worker registers the tasks that it carries out.
    """
    options = session_options({"search_path": f"{SCHEMA},public", "timezone": "UTC"})
    return App(
        connector=PsycopgConnector(
            conninfo=plain(database_url),
            kwargs={
                "options": options,
                "application_name": "byoip worker queue",
                "connect_timeout": 5,
            },
            min_size=1,
            max_size=connections,
        )
    )


def make_enqueuing_app() -> App:
    """The queue, for transactions that only add to it on their own connection; never opened."""
    return App(connector=PsycopgConnector())


class JobRepository:
    """Jobs that exist if, and only if, the transaction commits."""

    def __init__(self, session: Session, app: App) -> None:
        self._session = session
        self._app = app

    async def enqueue_run(self, run_id: UUID, *, at: datetime | None = None) -> None:
        """Have a worker carry out a validation run, now or at a time.

        The more open runs an account has, the later they come: no account waits for another's bulk.
        """
        (others,) = await self._session.rows(_OPEN_RUNS, run_id=run_id)
        options = {"priority": -others.open, "schedule_at": at}
        await self._defer(jobs.RUN_VALIDATION, {"run_id": run_id.hex}, **options)

    async def enqueue_offboarding(self) -> None:
        """Have a worker continue all offboardings now, without waiting for the schedule."""
        await self._defer(jobs.OFFBOARD, _AS_SCHEDULED)

    async def enqueue_reevaluation(self) -> None:
        """Have a worker check all routes against the newest snapshot of ROA data."""
        await self._defer(jobs.REEVALUATE_CLAIMS, _AS_SCHEDULED)

    async def enqueue_letter(self, claim_id: UUID) -> None:
        """Have a worker that holds the operator's key write a claim's letter."""
        asked = {"claim_id": claim_id.hex}
        await self._defer(jobs.GENERATE_LETTER, asked, queue=jobs.LETTER_QUEUE)

    async def _defer(
        self, task: str, asked: dict[str, Any], *, queue: str = jobs.DEFAULT_QUEUE, **options: Any
    ) -> None:
        # By name, on our own connection. No queueing_lock: a duplicate would abort everything.
        connection = self._session.driver
        job = self._app.configure_task(task, queue=queue, connection=connection, **options)
        await job.defer_async(**asked)
