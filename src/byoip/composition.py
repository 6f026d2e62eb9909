"""Plugs adapters and store into ports; the only module that knows them all."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from ipaddress import ip_network

from procrastinate import App
from procrastinate.jobs import Status
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from byoip.adapters.budgeted_registry import BackOff, BudgetedRegistry
from byoip.adapters.delegated_statistics import STATISTICS_URLS, DelegatedStatistics
from byoip.adapters.dnspython_resolver import DnspythonResolver
from byoip.adapters.network_policy import NetworkPolicy
from byoip.adapters.pdf_inspector import ChildPdfInspector
from byoip.adapters.ripe_rest import PreferTls, RipeRest
from byoip.adapters.statistics_folder import StatisticsFolder
from byoip.adapters.system_clock import SystemClock
from byoip.adapters.system_random import SystemRandom
from byoip.adapters.vrp_json import JsonVrps
from byoip.adapters.whois_registry import WhoisRegistry
from byoip.api.application import create_application
from byoip.api.dependencies import Backend
from byoip.api.operating import operating
from byoip.api.rate_limiting import RequestLimiter
from byoip.domain.asn import Asn
from byoip.domain.blockers import Advice
from byoip.domain.prefix import PrefixPolicy
from byoip.domain.registry import Budget, Registry
from byoip.domain.rirs import RIRS
from byoip.domain.special_purpose import SANDBOX_RANGES
from byoip.domain.vrp_snapshot import GatePolicy
from byoip.ports.registrations import StatisticsSource
from byoip.ports.rpki import VrpSource
from byoip.ports.store import StoreUnavailable
from byoip.settings import Mode, Settings, resolver_address
from byoip.store.accounts import PostgresAccounts
from byoip.store.allowance import PostgresAllowance
from byoip.store.engine import PoolSize, make_engine
from byoip.store.event_bell import PostgresEventBell
from byoip.store.figures import PostgresFigures
from byoip.store.jobs import make_job_app
from byoip.store.letter_reader import PostgresLetterReader
from byoip.store.migrating import check_revision, stamped_mode
from byoip.store.operator_reader import PostgresOperatorReader
from byoip.store.rate_limits import PostgresRateWindows
from byoip.store.reader import PostgresReader
from byoip.store.registration_snapshots import RegistrationSnapshots
from byoip.store.registry_budget import PostgresRegistryBudget
from byoip.store.services import seed_services
from byoip.store.transaction import PostgresStore
from byoip.store.vrp_snapshots import VrpSnapshots
from byoip.usecases.ask_everyone import AskEveryone
from byoip.usecases.bind_service import BindService
from byoip.usecases.close_unproven import CloseUnproven
from byoip.usecases.delegate_space import DelegateSpace
from byoip.usecases.describe_prefix import DescribePrefix
from byoip.usecases.end_delegation import EndDelegation
from byoip.usecases.end_expired_delegations import EndExpiredDelegations
from byoip.usecases.issue_validation_token import IssueValidationToken
from byoip.usecases.preflight import Preflight
from byoip.usecases.refresh_registrations import RefreshRegistrations
from byoip.usecases.refresh_roas import RefreshRoas
from byoip.usecases.remove_prefix import RemovePrefix
from byoip.usecases.request_validation import RequestValidation
from byoip.usecases.rescue_runs import RescueRuns
from byoip.usecases.revoke_letters import RevokeLetter
from byoip.usecases.revoke_validation_token import RevokeValidationToken
from byoip.usecases.run_validation import RunValidation
from byoip.usecases.submit_prefix import SubmitPrefix
from byoip.usecases.swap_service import SwapService
from byoip.usecases.unbind_service import UnbindService
from byoip.usecases.upload_loa_document import UploadLoaDocument
from byoip.usecases.watch_letters import WatchLetters
from byoip.worker.schedule import schedule
from byoip.worker.tasks import LetterWork, Work, register

SANDBOX_ORIGIN = 64500  # for documentation (RFC 5398)
_NO_BUDGET = Budget(connections=1000, per_minute=1_000_000, per_day=1_000_000_000)
_JOBS_KEPT_HOURS = 24
_RUN_SECONDS = 50.0  # of a run's 60: the rest is for recording
_PREFLIGHT_SECONDS = 9.0
_WHOIS_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Outside:
    """Whom we ask and what we accept, as values: adapters never ask which mode they run in."""

    policy: PrefixPolicy
    origins: frozenset[Asn]
    registries: Mapping[str, Registry]
    resolvers: Sequence[tuple[str, int]]
    network: NetworkPolicy
    authority_port: int
    gates: GatePolicy
    statistics: StatisticsSource | None = None  # None: as the settings say
    remember: timedelta = timedelta(seconds=60)
    back_off: BackOff = field(default_factory=BackOff)


def outside_of(settings: Settings) -> Outside:
    """The Internet, as the operator's settings see it."""
    return Outside(
        policy=_policy(settings, frozenset()),
        origins=settings.origins,
        registries=settings.all_registries,
        resolvers=[resolver_address(text) for text in settings.resolvers],
        network=NetworkPolicy(
            never=tuple(one.network for one in settings.infrastructure),
            allowed=tuple(one.network for one in settings.contactable),
        ),
        authority_port=settings.name_server_port,
        gates=GatePolicy(floor=settings.rpki_floor),
    )


def sandbox_outside(
    settings: Settings,
    *,
    whois_port: int,
    names: tuple[str, int],
    statistics: StatisticsSource,
) -> Outside:
    """The small Internet on loopback: the same rules, other parties."""
    return Outside(
        policy=_policy(settings, SANDBOX_RANGES),
        origins=settings.origins or frozenset({Asn(SANDBOX_ORIGIN)}),
        registries={
            one.key: replace(
                one, host="127.0.0.1", port=whois_port, rest_url=None, budget=_NO_BUDGET
            )
            for one in RIRS
        },
        resolvers=[names],
        network=NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),)),
        authority_port=names[1],
        gates=GatePolicy(floor=0, share=0.0, least_per_anchor=0, newer=False),
        statistics=statistics,
        remember=timedelta(0),
        back_off=BackOff(denied=timedelta(0), refused=timedelta(0)),
    )


def _policy(settings: Settings, admitted: frozenset[str]) -> PrefixPolicy:
    (first4, last4), (first6, last6) = settings.ipv4_lengths, settings.ipv6_lengths
    return PrefixPolicy(
        ipv4_lengths=range(first4, last4 + 1),
        ipv6_lengths=range(first6, last6 + 1),
        admitted=admitted,
        infrastructure=settings.infrastructure,
    )


class Composition:
    """One process's parts around one database. Close it when done."""

    def __init__(self, settings: Settings, database_url: str, mode: Mode, outside: Outside) -> None:
        self.settings = settings
        self.database_url = database_url
        self.mode = mode
        self.outside = outside
        self.clock = SystemClock()
        lanes = settings.database_connections // 3
        kept = settings.database_connections - lanes
        self.engine = make_engine(database_url, pool=PoolSize(kept=kept, more=0, lanes=lanes))
        self.store = PostgresStore(self.engine, self.clock)
        self.accounts = PostgresAccounts(self.engine, self.clock)
        self.bell = PostgresEventBell(database_url)
        self.vrp_snapshots = VrpSnapshots(self.engine)
        self.registrations = RegistrationSnapshots(self.engine)
        dns = DnspythonResolver(
            self.clock, outside.resolvers, outside.network, authority_port=outside.authority_port
        )
        self._ask = partial(
            AskEveryone,
            store=self.store,
            clock=self.clock,
            registry=self._registry(),
            dns=dns,
            registries=outside.registries,
            overrides=[(one.prefix, one.registry) for one in settings.registry_overrides],
            waived=frozenset(settings.waive_irr_at),
            label=settings.label,
        )

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()

    def _registry(self) -> BudgetedRegistry:
        in_plain_text = WhoisRegistry(self.clock, deadline=_WHOIS_SECONDS)
        over_tls = RipeRest(self.clock, deadline=_WHOIS_SECONDS)
        either = PreferTls(over_tls=over_tls, in_plain_text=in_plain_text)
        budget = PostgresRegistryBudget(self.engine, remember=self.outside.remember)
        return BudgetedRegistry(either, budget, self.clock, back_off=self.outside.back_off)

    def api(self, public_url: str) -> ASGIApp:
        """The HTTP API."""
        return create_application(self._backend(public_url))

    def _backend(self, public_url: str) -> Backend:
        store, clock, mint = self.store, self.clock, SystemRandom()
        policy, origins = self.outside.policy, self.outside.origins
        lifetime, label = self.settings.token_lifetime, self.settings.label
        registries = self.outside.registries
        return Backend(
            submit_prefix=SubmitPrefix(store, clock, mint, policy, origins, lifetime),
            describe_prefix=DescribePrefix(store, clock),
            remove_prefix=RemovePrefix(store, clock),
            issue_validation_token=IssueValidationToken(
                store, clock, mint, lifetime, label, registries
            ),
            revoke_validation_token=RevokeValidationToken(store, clock),
            request_validation=RequestValidation(store, clock),
            bind_service=BindService(store, clock),
            swap_service=SwapService(store, clock),
            unbind_service=UnbindService(store, clock),
            delegate_space=DelegateSpace(store, clock),
            end_delegation=EndDelegation(store, clock),
            preflight=Preflight(self._ask(deadline=_PREFLIGHT_SECONDS), policy, origins),
            upload_loa_document=UploadLoaDocument(store, clock, ChildPdfInspector()),
            letters=PostgresLetterReader(self.engine),
            revoke_letter=RevokeLetter(store, clock),
            reader=PostgresReader(self.engine),
            accounts=self.accounts,
            allowance=PostgresAllowance(self.engine),
            clock=clock,
            advice=Advice(label, registries),
            probes={"database": self.trouble},
            metrics=CollectorRegistry(),
            figures=PostgresFigures(self.engine),
            public_url=public_url,
            operating=operating(
                store=store,
                clock=clock,
                mint=mint,
                registries=registries.keys(),
                snapshots=self.vrp_snapshots,
                reader=PostgresOperatorReader(self.engine),
            ),
            limiter=RequestLimiter(PostgresRateWindows(self.engine), self.settings.limits),
            bell=self.bell,
            require_if_match=self.settings.require_if_match,
        )

    async def trouble(self) -> str | None:
        """Why this process must not take requests; None if it may."""
        try:
            state = await check_revision(self.engine)
            if not state.current:
                return f"revision {state.found}, not {state.expected}"
            stamped = await stamped_mode(self.engine)
        except StoreUnavailable:
            return "away"
        return None if stamped == self.mode else f"stamped {stamped}, not {self.mode}"

    def worker(
        self,
        refresh_roas: Callable[[], Awaitable[object]] | None,
        letters: LetterWork | None = None,
    ) -> App:
        """The queue with every task it can carry out, on the clock.

        ROAs only if it refreshes them, letters only if it holds the operator's key.
        """
        app = make_job_app(self.database_url)
        work = Work(
            run_validation=RunValidation(self.store, self.clock, self._ask(deadline=_RUN_SECONDS)),
            rescue_runs=partial(self._rescue, app),
            close_unproven=CloseUnproven(self.store, self.clock),
            end_expired_delegations=EndExpiredDelegations(self.store, self.clock),
            refresh_registrations=self.refresh_registrations(),
            refresh_roas=refresh_roas,
            tidy_up=partial(self._tidy_up, app),
            watch_letters=WatchLetters(self.store, self.clock),
            letters=letters,
        )
        register(app, work)
        minutes = self.settings.rpki_minutes if refresh_roas else None
        schedule(app, roas_every_minutes=minutes, letters=letters is not None)
        return app

    async def _rescue(self, app: App) -> None:
        for job in await app.job_manager.get_stalled_jobs():
            # What it was to do has its own row, and whoever finds that abandoned starts it anew.
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)
        await RescueRuns(self.store)()

    async def _tidy_up(self, app: App) -> None:
        await self.store.prune()
        await app.job_manager.delete_old_jobs(
            nb_hours=_JOBS_KEPT_HOURS, include_failed=True, include_cancelled=True
        )

    def refresh_registrations(self) -> RefreshRegistrations:
        """Take the registries' statistics."""
        source = self.outside.statistics or self._statistics()
        return RefreshRegistrations(source, self.registrations, self.clock)

    def _statistics(self) -> StatisticsSource:
        if self.settings.statistics_dir:
            return StatisticsFolder(self.settings.statistics_dir, self.clock)
        urls = {key: str(url) for key, url in self.settings.statistics_urls.items()}
        marks = self.registrations
        return DelegatedStatistics({**STATISTICS_URLS, **urls}, marks, self.clock)

    def refresh_roas(self, source: VrpSource) -> RefreshRoas:
        """Take ROA data from a source."""
        return RefreshRoas(source, JsonVrps(), self.vrp_snapshots, self.outside.gates, self.clock)

    async def offer_services(self) -> None:
        """Offer the services that the settings name."""
        await seed_services(
            self.engine, [(one.name, one.default_only) for one in self.settings.services]
        )
