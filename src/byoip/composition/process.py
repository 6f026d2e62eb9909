"""The parts of one process (API, worker, commands), made from settings and one database."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from procrastinate import App
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from byoip.adapters.checks.budgeted_registry import BudgetedRegistry
from byoip.adapters.checks.delegated_statistics import STATISTICS_URLS, DelegatedStatistics
from byoip.adapters.checks.dnspython_resolver import DnspythonResolver
from byoip.adapters.checks.ripe_rest import PreferTls, RipeRest
from byoip.adapters.checks.statistics_folder import StatisticsFolder
from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.adapters.letters.pdf_inspector import ChildPdfInspector
from byoip.adapters.system_clock import SystemClock
from byoip.adapters.system_random import SystemRandom
from byoip.api.application import create_application
from byoip.api.border.account_turns import AccountTurns
from byoip.api.border.backend import Backend
from byoip.api.border.rate_limiting import RequestLimiter
from byoip.composition.external_services import ExternalServices
from byoip.domain.claims.blockers import Advice
from byoip.domain.history import Actor
from byoip.domain.speakers.bgp_peer import SILENT_FOR, InService
from byoip.ports.checks.registrations import StatisticsSource
from byoip.ports.checks.rpki import VrpSource
from byoip.settings import Mode
from byoip.settings.model import Settings
from byoip.store.accounts.credentials import CredentialReader
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.accounts.rate_limits import Allowance, RateWindows
from byoip.store.bindings.edge_reader import EdgeReader
from byoip.store.bindings.services import seed_services
from byoip.store.checks import raw_answers
from byoip.store.checks.dns_budget import PostgresDnsBudget
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.claims.event_notifier import EventNotifier
from byoip.store.claims.reader import CustomerReader
from byoip.store.engine import PoolSize, make_engine
from byoip.store.figures import fold_figures
from byoip.store.gauges import Gauges
from byoip.store.jobs import finished_jobs
from byoip.store.jobs.guard_reader import GuardReader
from byoip.store.jobs.jobs import make_job_app
from byoip.store.letters.letter_reader import LetterReader
from byoip.store.migrating import CannotMigrate, check_revision, require_commits, stamped_mode
from byoip.store.speakers.route_history import RouteReader
from byoip.store.speakers.routes import Routes
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.bindings.converge import ConvergeBindings
from byoip.usecases.border import Border
from byoip.usecases.checks.capabilities import Capabilities
from byoip.usecases.checks.collect_evidence import CollectEvidence
from byoip.usecases.checks.preflight import Preflight
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations
from byoip.usecases.checks.refresh_roas import RefreshRoas
from byoip.usecases.checks.rescue_runs import rescue_runs
from byoip.usecases.checks.run_validation import RunValidation
from byoip.usecases.checks.turns import Turns
from byoip.usecases.claims.close_unproven import CloseUnproven
from byoip.usecases.claims.delegations import EndExpiredDelegations
from byoip.usecases.claims.prefixes import Terms
from byoip.usecases.jobs.kill_switches import KillSwitches
from byoip.usecases.letters.watch_letters import WatchLetters
from byoip.usecases.routes.announce_owed import AnnounceOwed
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from byoip.usecases.routes.watch_origins import WatchOrigins
from byoip.usecases.speakers.restore_snapshot import RestoreSnapshot
from byoip.worker.schedule import schedule
from byoip.worker.tasks import LetterWork, Work, register

_RUN_SECONDS = 50.0  # of a run's 60: the rest is for recording
_PREFLIGHT_SECONDS = 9.0
_WHOIS_SECONDS = 10.0


class Composition:
    """The parts of one process around one database. Close it when done."""

    def __init__(
        self, settings: Settings, database_url: str, mode: Mode, outside: ExternalServices
    ) -> None:
        self.settings = settings
        self.database_url = database_url
        self.mode = mode
        self.outside = outside
        self.clock = SystemClock()
        autocommit = settings.database_connections // 3
        self._kept = kept = settings.database_connections - autocommit
        self.engine = make_engine(
            database_url, pool=PoolSize(kept=kept, more=0, autocommit=autocommit)
        )
        # A command on the database may run without the operator's settings, and knows no origins.
        origins = outside.origins or None
        self.store = Store(self.engine, self.clock, settings.ceilings, origins)
        self.notifier = EventNotifier(database_url)
        self.vrp_snapshots = VrpSnapshots(self.engine)
        self.registrations = RegistrationSnapshots(self.engine)
        self._overrides = [(one.prefix, one.registry) for one in settings.registry_overrides]
        dns = DnspythonResolver(
            self.clock,
            outside.resolvers,
            outside.network,
            authority_port=outside.authority_port,
            budget=PostgresDnsBudget(Allowance(self.engine), settings.dns_questions_per_hour),
        )
        self._ask = partial(
            CollectEvidence,
            store=self.store,
            clock=self.clock,
            registry=self._registry(),
            dns=dns,
            registries=outside.registries,
            overrides=self._overrides,
            countries=settings.national_registries,
            waived=frozenset(settings.waive_irr_at),
            label=settings.label,
        )

    @property
    def places(self) -> int:
        """Jobs at a time in a worker: one account alone may use half of them."""
        return 2 * self.settings.worker_concurrency

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()

    def _registry(self) -> BudgetedRegistry:
        in_plain_text = WhoisRegistry(self.clock, deadline=_WHOIS_SECONDS)
        over_tls = RipeRest(self.clock, deadline=_WHOIS_SECONDS)
        either = PreferTls(over_tls=over_tls, in_plain_text=in_plain_text)
        budget = PostgresRegistryBudget(self.engine, remember=self.outside.remember)
        return BudgetedRegistry(either, budget, self.clock, back_off=self.outside.back_off)

    def api(self, public_url: str, capabilities: Capabilities | None = None) -> ASGIApp:
        """The HTTP API."""
        return create_application(self._backend(public_url, capabilities))

    def _backend(self, public_url: str, capabilities: Capabilities | None) -> Backend:
        store, clock = self.store, self.clock
        label, registries = self.settings.label, self.outside.registries
        terms = Terms(
            policy=self.outside.policy,
            origins=self.outside.origins,
            token_lifetime=self.settings.token_lifetime,
            label=label,
            registries=registries,
            mint=SystemRandom(),
            overrides=self._overrides,
            countries=self.settings.national_registries,
        )
        return Backend(
            border=Border(store),
            terms=terms,
            converge_bindings=ConvergeBindings(store),
            preflight=Preflight(self._ask(deadline=_PREFLIGHT_SECONDS), terms),
            pdf_inspector=ChildPdfInspector(),
            letters=LetterReader(self.engine),
            reader=CustomerReader(self.engine),
            credentials=CredentialReader(self.engine, clock),
            allowance=Allowance(self.engine),
            clock=clock,
            advice=Advice(label, registries, self.outside.origins),
            probes={"database": self.trouble},
            capabilities=capabilities,
            metrics=CollectorRegistry(),
            gauges=Gauges(self.engine),
            public_url=public_url,
            operator_reader=OperatorReader(self.engine),
            guards=GuardReader(self.engine, self.settings.ceilings),
            edges=EdgeReader(self.engine),
            routes=self.route_reader(),
            restore_snapshot=self.restore_snapshot(),
            in_service=self._in_service(),
            limiter=RequestLimiter(RateWindows(self.engine), self.settings.limits),
            notifier=self.notifier,
            require_if_match=self.settings.require_if_match,
            speaks=bool(self.settings.speakers),
            turns=AccountTurns(max(1, self._kept // 4)),
        )

    def _in_service(self) -> InService:
        looks = 3 * timedelta(seconds=self.settings.reconcile_seconds)  # one may be late
        return InService(
            frozenset(one.name for one in self.settings.speakers),
            frozenset(one.name for one in self.settings.listeners),
            max(SILENT_FOR, looks),
        )

    async def trouble(self) -> str | None:
        """Why this process must not take requests; None if it may."""
        try:
            state = await check_revision(self.engine)
            if not state.current:
                return f"revision {state.found}, not {state.expected}"
            stamped = await stamped_mode(self.engine)
            await require_commits(self.engine)
        except StoreUnavailable:
            return "away"
        except CannotMigrate as fault:
            return str(fault)
        return None if stamped == self.mode else f"stamped {stamped}, not {self.mode}"

    def worker(
        self,
        refresh_roas: Callable[[], Awaitable[object]] | None,
        letters: LetterWork | None = None,
    ) -> App:
        """The job queue with every task this worker can carry out, and their schedule.

        ROAs are refreshed only with `refresh_roas`, letters written only with the operator's key.
        """
        app = make_job_app(self.database_url)
        work = Work(
            run_validation=RunValidation(
                self.store,
                self._ask(deadline=_RUN_SECONDS),
                evidence_quota=self.settings.evidence_megabytes * 2**20,
                turns=Turns(self.places),
            ),
            rescue_runs=self._rescue,
            close_unproven=CloseUnproven(self.store, self.clock),
            end_expired_delegations=EndExpiredDelegations(self.store, self.clock),
            refresh_registrations=self.refresh_registrations(),
            refresh_roas=refresh_roas,
            tidy_up=self._tidy_up,
            fold_figures=partial(fold_figures, self.engine),
            watch_letters=WatchLetters(self.store, self.clock),
            watch_origins=WatchOrigins(
                self.store, Routes(self.engine), self.clock, self.outside.origins
            ),
            reevaluate_claims=ReevaluateClaims(self.store, self.clock),
            settle_bindings=ConvergeBindings(self.store),
            letters=letters,
            offboard=self._offboard,
            stopped=KillSwitches(self.store).stopped,
        )
        register(app, work)
        minutes = self.settings.rpki_minutes if refresh_roas else None
        schedule(app, roas_every_minutes=minutes, letters=letters is not None)
        return app

    async def _offboard(self, by: Actor) -> None:
        try:
            await AnnounceOwed(self.store)()
        finally:  # a row that fails there delays no offboarding
            await ContinueOffboardings(self.store, self.clock, self.settings.grace)(by=by)

    async def _rescue(self) -> None:
        async with self.store.transaction() as tx:
            await rescue_runs(tx)

    async def _tidy_up(self) -> None:
        await self.store.prune()
        await raw_answers.prune(self.engine, self.clock.now())
        await finished_jobs.prune_finished(self.engine)

    def refresh_registrations(self) -> RefreshRegistrations:
        """The use case that takes the registries' statistics."""
        source = self.outside.statistics or self._statistics()
        return RefreshRegistrations(source, self.registrations, self.clock)

    def _statistics(self) -> StatisticsSource:
        if self.settings.statistics_dir:
            return StatisticsFolder(self.settings.statistics_dir, self.clock)
        urls = {key: str(url) for key, url in self.settings.statistics_urls.items()}
        marks = self.registrations
        return DelegatedStatistics({**STATISTICS_URLS, **urls}, marks, self.clock)

    def refresh_roas(self, source: VrpSource) -> RefreshRoas:
        """The use case that takes ROA data from a source."""
        snapshots, gates = self.vrp_snapshots, self.outside.gates
        reevaluate = ReevaluateClaims(self.store, self.clock)
        return RefreshRoas(source, JsonVrps(), snapshots, gates, self.clock, reevaluate)

    def route_reader(self) -> RouteReader:
        """What operators see of routes."""
        return RouteReader(self.engine)

    def restore_snapshot(self) -> RestoreSnapshot:
        """Announce again what a snapshot has."""
        return RestoreSnapshot(self.store)

    async def offer_services(self) -> None:
        """Offer the services that the settings name."""
        await seed_services(
            self.engine, [(one.name, one.default_only) for one in self.settings.services]
        )
