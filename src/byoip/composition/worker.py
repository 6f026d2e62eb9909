"""The jobs of a worker; kept apart so that the API and commands do not import them."""

from collections.abc import Awaitable, Callable
from functools import partial

from procrastinate import App

from byoip.adapters.system_random import SystemRandom
from byoip.composition.elsewhere import elsewhere_of
from byoip.composition.process import Composition
from byoip.composition.watching_prefixes import watch_prefixes_of
from byoip.domain.history import Actor
from byoip.store.accounts import past_sign_ins, rate_limits
from byoip.store.accounts.event_chain import EventChain
from byoip.store.checks import raw_answers
from byoip.store.figures import fold_figures
from byoip.store.hooks.sending import prune as prune_deliveries
from byoip.store.idempotency import prune_keys
from byoip.store.jobs import finished_jobs
from byoip.store.jobs.jobs import make_job_app
from byoip.store.mail.sending import prune as prune_addresses
from byoip.store.speakers.routes import Routes
from byoip.store.watch import past_watches
from byoip.usecases.bindings.converge import ConvergeBindings
from byoip.usecases.checks.first_looks.look_first import LookFirst
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims
from byoip.usecases.checks.request_validation import NewTokens
from byoip.usecases.checks.rescue_runs import rescue_runs
from byoip.usecases.checks.run_validation import RunValidation
from byoip.usecases.checks.turns import Turns
from byoip.usecases.claims.close_unproven import CloseUnproven
from byoip.usecases.claims.delegations import EndExpiredDelegations
from byoip.usecases.jobs.isolate_rows import each
from byoip.usecases.jobs.kill_switches import KillSwitches
from byoip.usecases.letters.watch_letters import WatchLetters
from byoip.usecases.routes.announce_owed import AnnounceOwed
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from byoip.usecases.routes.watch_origins import WatchOrigins
from byoip.worker.schedule import schedule
from byoip.worker.tasks import LetterWork, Work, register

_RUN_SECONDS = 50.0  # of a run's 60: the rest is for recording


def worker_of(
    composition: Composition,
    refresh_roas: Callable[[], Awaitable[object]] | None,
    letters: LetterWork | None = None,
) -> App:
    """The job queue with every task this worker can carry out, and their schedule.

    ROAs are refreshed only with `refresh_roas`, letters written only with the operator's key.
    """
    app = make_job_app(composition.database_url)
    register(app, _work(composition, refresh_roas, letters))
    minutes = composition.settings.rpki_minutes if refresh_roas else None
    schedule(app, roas_every_minutes=minutes, letters=letters is not None)
    return app


def _work(
    composition: Composition,
    refresh_roas: Callable[[], Awaitable[object]] | None,
    letters: LetterWork | None,
) -> Work:
    store, engine, clock = composition.store, composition.engine, composition.clock
    elsewhere = elsewhere_of(composition)
    ask = composition.ask(deadline=_RUN_SECONDS, elsewhere=elsewhere)
    turns = Turns(composition.places)
    validate = RunValidation(
        store,
        ask,
        evidence_quota=composition.settings.evidence_megabytes * 2**20,
        turns=turns,
        tokens=NewTokens(SystemRandom(), composition.settings.token_lifetime),
    )
    return Work(
        run_validation=validate,
        look_first=LookFirst(store, ask, turns, validate),
        rescue_runs=partial(_rescue, composition),
        close_unproven=CloseUnproven(store, clock),
        end_expired_delegations=EndExpiredDelegations(store, clock),
        refresh_registrations=composition.refresh_registrations(),
        refresh_roas=refresh_roas,
        tidy_up=partial(_tidy_up, composition),
        fold_figures=partial(fold_figures, engine),
        audit_head=EventChain(engine).head,
        watch_letters=WatchLetters(store, clock),
        watch_origins=WatchOrigins(store, Routes(engine), clock, composition.outside.origins),
        watch_prefixes=watch_prefixes_of(composition, elsewhere),
        reevaluate_claims=ReevaluateClaims(store, clock),
        settle_bindings=ConvergeBindings(store),
        letters=letters,
        offboard=partial(_offboard, composition),
        stopped=KillSwitches(store).stopped,
    )


async def _offboard(composition: Composition, by: Actor) -> None:
    store = composition.store
    try:
        await AnnounceOwed(store)()
    finally:  # a row that fails there delays no offboarding
        grace = composition.settings.grace
        await ContinueOffboardings(store, composition.clock, grace)(by=by)


async def _rescue(composition: Composition) -> None:
    async with composition.store.transaction() as tx:
        await rescue_runs(tx)


async def _tidy_up(composition: Composition) -> None:
    engine, now = composition.engine, composition.clock.now()
    await each(
        "tidy_up",
        partial(rate_limits.prune, engine),
        partial(prune_keys, engine, composition.clock),
        partial(raw_answers.prune, engine, now),
        partial(past_watches.prune, engine, now),
        partial(past_sign_ins.prune, engine, now),
        partial(prune_deliveries, engine, now),
        partial(prune_addresses, engine, now),
        partial(finished_jobs.prune_finished, engine),
    )
