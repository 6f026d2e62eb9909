"""Gives each task name its use case; the composition hands the use cases in."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from procrastinate import App, JobContext

from byoip.domain.event_chain import Head
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind
from byoip.ports import jobs
from byoip.usecases.bindings.converge import ConvergeBindings
from byoip.usecases.checks.first_looks.look_first import LookFirst
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims
from byoip.usecases.checks.run_validation import RunValidation
from byoip.usecases.claims.close_unproven import CloseUnproven
from byoip.usecases.claims.delegations import EndExpiredDelegations
from byoip.usecases.jobs.isolate_rows import each
from byoip.usecases.letters.generate_letter import GenerateLetter
from byoip.usecases.letters.renew_letters import RenewLetters
from byoip.usecases.letters.watch_letters import WatchLetters
from byoip.usecases.watch.watch_prefixes import WatchPrefixes


@dataclass(frozen=True, slots=True)
class LetterWork:
    """The use cases of a worker that holds the operator's key."""

    generate: GenerateLetter
    renew: RenewLetters


_log = logging.getLogger(__name__)
_FIRST = 10  # housekeeping does not wait for customers' bulk


@dataclass(frozen=True, slots=True)
class Work:
    """The use cases of a worker.

    Attributes:
        rescue_runs: hands the work of dead workers to living ones.
        refresh_roas: starts the refresh in a process of its own and waits for it; None if
            another worker does that.
        offboard: goes on with offboarding claims.
        stopped: whether an operator has thrown the kill switch of a kind of job.
        tidy_up: deletes what is no longer needed: old idempotency keys, raw answers that are due,
            past rises of levels, links and sessions, finished jobs.
        fold_figures: adds up what metrics tell.
        audit_head: of the operators' history, as it is now.
        watch_prefixes: whether what was proven is still so.
        watch_origins: has an alarm stand for what is up with an origin of another operator.
        letters: None without the operator's key.
    """

    run_validation: RunValidation
    look_first: LookFirst
    rescue_runs: Callable[[], Awaitable[object]]
    close_unproven: CloseUnproven
    end_expired_delegations: EndExpiredDelegations
    refresh_registrations: Callable[[], Awaitable[object]]
    refresh_roas: Callable[[], Awaitable[object]] | None
    tidy_up: Callable[[], Awaitable[object]]
    fold_figures: Callable[[], Awaitable[object]]
    audit_head: Callable[[], Awaitable[Head]]
    watch_letters: WatchLetters
    watch_origins: Callable[[], Awaitable[object]]
    watch_prefixes: WatchPrefixes
    reevaluate_claims: ReevaluateClaims
    settle_bindings: ConvergeBindings
    letters: LetterWork | None
    offboard: Callable[[Actor], Awaitable[object]]
    stopped: Callable[[JobKind], Awaitable[bool]]

    async def unless_stopped(self, kind: JobKind, work: Callable[[], Awaitable[object]]) -> None:
        """Do the work, unless its kill switch is thrown."""
        if await self.stopped(kind):
            _log.warning("%s is stopped by its kill switch", kind.value)
        else:
            await work()


def register(app: App, work: Work) -> None:
    """Give every task name its use case."""

    @app.task(name=jobs.RESCUE_RUNS, queue=jobs.DEFAULT_QUEUE, priority=_FIRST)
    async def rescue_runs(timestamp: int) -> None:  # noqa: ARG001 - the scheduler's
        await work.unless_stopped(JobKind.RESCUE_RUNS, work.rescue_runs)

    @app.task(
        name=jobs.CLOSE_UNPROVEN, queue=jobs.DEFAULT_QUEUE, priority=_FIRST, pass_context=True
    )
    async def close_unproven(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        await work.close_unproven(by=_by(context))

    @app.task(
        name=jobs.END_EXPIRED_DELEGATIONS,
        queue=jobs.DEFAULT_QUEUE,
        priority=_FIRST,
        pass_context=True,
    )
    async def end_expired_delegations(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        await work.end_expired_delegations(by=_by(context))

    @app.task(name=jobs.REFRESH_REGISTRATIONS, queue=jobs.DEFAULT_QUEUE, priority=_FIRST)
    async def refresh_registrations(timestamp: int) -> None:  # noqa: ARG001 - the scheduler's
        kind = JobKind.REFRESH_REGISTRATIONS
        await work.unless_stopped(kind, work.refresh_registrations)

    @app.task(name=jobs.TIDY_UP, queue=jobs.DEFAULT_QUEUE, priority=_FIRST)
    async def tidy_up(timestamp: int) -> None:  # noqa: ARG001 - the scheduler's
        await work.unless_stopped(JobKind.TIDY_UP, work.tidy_up)

    @app.task(name=jobs.FOLD_FIGURES, queue=jobs.DEFAULT_QUEUE, priority=_FIRST)
    async def fold_figures(timestamp: int) -> None:  # noqa: ARG001 - the scheduler's
        await work.fold_figures()

    @app.task(name=jobs.LOG_AUDIT_HEAD, queue=jobs.LOG_AUDIT_HEAD, priority=_FIRST)
    async def log_audit_head(timestamp: int) -> None:  # noqa: ARG001 - the scheduler's
        _log.info("head of the operators' history: %s", await work.audit_head())

    _register_checks(app, work)
    _register_routes(app, work)
    _register_letters(app, work)

    if refresh := work.refresh_roas:

        @app.task(name=jobs.REFRESH_ROAS, queue=jobs.RPKI_QUEUE, lock="roas")
        async def refresh_roas(timestamp: int) -> None:  # noqa: ARG001 - the scheduler's
            await work.unless_stopped(JobKind.REFRESH_ROAS, refresh)


def _register_checks(app: App, work: Work) -> None:
    @app.task(name=jobs.RUN_VALIDATION, queue=jobs.DEFAULT_QUEUE, pass_context=True)
    async def run_validation(context: JobContext, run_id: str) -> None:
        await work.run_validation(UUID(run_id), by=_by(context))

    @app.task(name=jobs.LOOK_FIRST, queue=jobs.LOOK_FIRST, pass_context=True)
    async def look_first(context: JobContext, token_id: str, retries: int) -> None:
        await work.look_first(UUID(token_id), retries, by=_by(context))


def _register_routes(app: App, work: Work) -> None:
    # It asks for its kill switch itself, before each row; what was restored goes on all the same.
    @app.task(name=jobs.OFFBOARD, queue=jobs.DEFAULT_QUEUE, priority=_FIRST, pass_context=True)
    async def offboard(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        await work.offboard(_by(context))

    @app.task(
        name=jobs.REEVALUATE_CLAIMS, queue=jobs.DEFAULT_QUEUE, priority=_FIRST, pass_context=True
    )
    async def reevaluate_claims(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        reevaluate = partial(work.reevaluate_claims, by=_by(context))
        unless_stopped = partial(work.unless_stopped, JobKind.REEVALUATE_CLAIMS, reevaluate)
        await each("reevaluate_claims", work.watch_origins, unless_stopped)

    # One at a time, and one that waits: a run may take longer than the minute to the next.
    @app.task(
        name=jobs.WATCH_PREFIXES,
        queue=jobs.WATCH_PREFIXES,
        lock=jobs.WATCH_PREFIXES,
        queueing_lock=jobs.WATCH_PREFIXES,
        pass_context=True,
    )
    async def watch_prefixes(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        watch = partial(work.watch_prefixes, by=_by(context))
        await work.unless_stopped(JobKind.WATCH_PREFIXES, watch)

    # What edges acknowledge takes effect at once; this is for processes that died in between.
    @app.task(name=jobs.SETTLE_BINDINGS, queue=jobs.DEFAULT_QUEUE, pass_context=True)
    async def settle_bindings(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        settle = partial(work.settle_bindings, by=_by(context))
        await work.unless_stopped(JobKind.SETTLE_BINDINGS, settle)


def _register_letters(app: App, work: Work) -> None:
    # As watch_prefixes: a pass over all letters may take longer than the minute to the next.
    @app.task(
        name=jobs.WATCH_LETTERS,
        queue=jobs.DEFAULT_QUEUE,
        lock=jobs.WATCH_LETTERS,
        queueing_lock=jobs.WATCH_LETTERS,
        pass_context=True,
    )
    async def watch_letters(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        watch = partial(work.watch_letters, by=_by(context))
        await work.unless_stopped(JobKind.WATCH_LETTERS, watch)

    letters = work.letters
    if letters is None:
        return

    @app.task(name=jobs.GENERATE_LETTER, queue=jobs.LETTER_QUEUE, pass_context=True)
    async def generate_letter(context: JobContext, claim_id: str) -> None:
        await letters.generate(UUID(claim_id), by=_by(context))

    @app.task(name=jobs.RENEW_LETTERS, queue=jobs.LETTER_QUEUE)
    async def renew_letters(timestamp: int) -> None:  # noqa: ARG001 - the scheduler's
        await work.unless_stopped(JobKind.RENEW_LETTERS, letters.renew)


def _by(context: JobContext) -> Actor:
    return Actor("worker", f"job-{context.job.id}")
