"""Jobs, added to the queue on the connection of the transaction that wants them.

Text SQL: of the queue's tables, which are not ours.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
import sqlalchemy as sa
from procrastinate import App, PsycopgConnector
from procrastinate.connector import Notify
from psycopg_pool import AsyncConnectionPool

from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.ports import jobs
from byoip.store.autocommit import closed_by_server
from byoip.store.connecting import Connection
from byoip.store.database_url import plain
from byoip.store.engine import session_options
from byoip.store.statements import Session, compiled, from_text, json_text

SCHEMA: Final = "procrastinate"
_POOL: Final = 4
QUEUE_CONNECTIONS: Final = _POOL + 1  # procrastinate listens on one outside of its pool
_CONNECTION_SECONDS: Final = 5.0  # also what a worker that is told to stop waits for, twice

# By the queue's own function, as its library does. No queueing_lock: a duplicate would abort
# everything. The count is of runs of transactions that have ended.
_ENQUEUE_RUN: Final = from_text(
    """
    SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(
        CAST(:queue AS varchar), CAST(:task AS varchar),
        -coalesce((
            SELECT open_runs FROM validation_runs AS run
            JOIN prefixes ON prefixes.id = run.prefix_id JOIN account_counters USING (account_id)
            WHERE run.id = :run_id
        ), 0),
        NULL, NULL, CAST(:args AS jsonb), CAST(:at AS timestamptz)
    )::procrastinate_job_to_defer_v1])
    """,
    run_id=sa.Uuid,
)


# The more an account has, the later they come: see _ENQUEUE_RUN.
_ENQUEUE_LOOK: Final = from_text(
    """
    SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(
        CAST(:queue AS varchar), CAST(:task AS varchar),
        -coalesce((
            SELECT open_runs + live_prefixes FROM account_counters WHERE account_id = :account_id
        ), 0),
        NULL, NULL, CAST(:args AS jsonb), CAST(:at AS timestamptz)
    )::procrastinate_job_to_defer_v1])
    """,
    account_id=sa.Uuid,
)


# Of a worker without a heartbeat, or without its row. Two processes may do this at once.
_FAIL_STALLED: Final = compiled(
    sa.text("""
    UPDATE procrastinate.procrastinate_jobs
    SET status = 'failed', abort_requested = false, attempts = attempts + 1
    WHERE id IN (
        SELECT job.id FROM procrastinate.procrastinate_jobs AS job
        LEFT JOIN procrastinate.procrastinate_workers AS worker ON worker.id = job.worker_id
        WHERE job.status = 'doing' AND (
            worker.id IS NULL OR worker.last_heartbeat < now() - CAST(:silence AS interval)
        )
        FOR UPDATE OF job SKIP LOCKED
    )
    """)
)
SILENCE: Final = timedelta(seconds=30)  # heartbeats come every ten


# Each goes on with all offboardings: one that waits does what any number would do, and few at work
# leave a worker's places to others. By indexes: what customers enqueue has a lower priority.
_OFFBOARDING: Final = compiled(
    sa.text("""
    SELECT (
        SELECT count(*) FROM procrastinate.procrastinate_jobs
        WHERE status = 'todo' AND priority >= 0 AND task_name = :task
    ) AS waiting, (
        SELECT count(*) FROM procrastinate.procrastinate_jobs
        WHERE status = 'doing' AND worker_id IS NOT NULL AND task_name = :task
    ) AS at_work
    """)
)
_MOST_OFFBOARDING: Final = 2


class _Connector(PsycopgConnector):
    """Passes over what is no notice of the queue: any role may notify, and a worker ends of it."""

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        async def heard(*, channel: str, payload: str) -> None:
            with suppress(ValueError, KeyError, TypeError):
                await on_notification(channel=channel, payload=payload)

        await super().listen_notify(heard, channels)


def make_job_app(database_url: str, *, connections: int = _POOL) -> App:
    """The queue, for a worker: it opens a pool of its own, in the queue's schema.

    The worker registers the tasks that it carries out.
    """
    options = session_options({"search_path": f"{SCHEMA},public", "timezone": "UTC"})
    return App(
        connector=_Connector(
            conninfo=plain(database_url),
            kwargs={
                "options": options,
                "application_name": "byoip worker queue",
            },
            connection_class=Connection,
            pool_factory=_pool,
            configure=_autocommit,
            min_size=1,
            max_size=connections,
            timeout=_CONNECTION_SECONDS,
        )
    )


def _pool(**given: Any) -> AsyncConnectionPool[Any]:
    """The library's, which would ask the server whether it is there before each statement."""
    return AsyncConnectionPool(**{**given, "check": _check})


async def _check(connection: Connection) -> None:
    if closed_by_server(connection):
        await connection.close()  # so the pool makes another one
        raise psycopg.OperationalError("the server has closed this connection")


async def _autocommit(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)  # each of the queue's statements stands alone


def make_enqueuing_app() -> App:
    """The queue, for transactions that only add to it on their own connection; never opened."""
    return App(connector=PsycopgConnector())


class JobRepository:
    """Jobs that exist if, and only if, the transaction commits."""

    def __init__(self, session: Session, app: App) -> None:
        self._session = session
        self._app = app

    async def enqueue_run(self, run_id: UUID, *, at: datetime | None = None) -> None:
        """Have a worker carry out a validation run now or at a time.

        The more open runs an account has, the later they come: no account waits for another's bulk.
        """
        await self._session.put_off(
            "job",
            _ENQUEUE_RUN,
            {
                "queue": jobs.DEFAULT_QUEUE,
                "task": jobs.RUN_VALIDATION,
                "run_id": run_id,
                "args": json_text({"run_id": run_id.hex}),
                "at": at,
            },
        )

    async def enqueue_look(
        self, token: OwnershipToken, *, retries: int = 0, at: datetime | None = None
    ) -> None:
        """Have a worker look at the registry before the token is published there."""
        await self._session.put_off(
            "look",
            _ENQUEUE_LOOK,
            {
                "queue": jobs.LOOK_FIRST,
                "task": jobs.LOOK_FIRST,
                "account_id": token.account_id,
                "args": json_text({"token_id": token.id.hex, "retries": retries}),
                "at": at,
            },
        )

    async def fail_stalled(self) -> int:
        """End the jobs of workers that died, as failed; how many."""
        return await self._session.change(_FAIL_STALLED, silence=SILENCE)

    async def enqueue_offboarding(self) -> None:
        """Have a worker continue all offboardings now, without waiting for the schedule.

        Where one waits already, or some are at work, the schedule is waited for: ten seconds.
        """
        (found,) = await self._session.rows(_OFFBOARDING, task=jobs.OFFBOARD)
        if found.waiting or found.at_work >= _MOST_OFFBOARDING:
            return
        driver = self._session.driver
        job = self._app.configure_task(jobs.OFFBOARD, queue=jobs.DEFAULT_QUEUE, connection=driver)
        await job.defer_async(timestamp=0)  # as if the schedule had asked

    async def enqueue_reevaluation(self) -> None:
        """Have a worker check all routes against the newest snapshot of ROA data."""
        driver = self._session.driver
        job = self._app.configure_task(
            jobs.REEVALUATE_CLAIMS, queue=jobs.DEFAULT_QUEUE, connection=driver
        )
        await job.defer_async(timestamp=0)

    async def enqueue_letter(self, claim_id: UUID) -> None:
        """Have a worker that holds the operator's key write a claim's letter."""
        driver = self._session.driver
        job = self._app.configure_task(
            jobs.GENERATE_LETTER, queue=jobs.LETTER_QUEUE, connection=driver
        )
        await job.defer_async(claim_id=claim_id.hex)
