"""The parts that every process (API, worker, command) has, from settings and one database."""

from datetime import timedelta
from functools import partial

from byoip.adapters.checks.budgeted_registry import BudgetedRegistry
from byoip.adapters.checks.delegated_statistics import STATISTICS_URLS, DelegatedStatistics
from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.checks.ripe_rest import PreferTls, RipeRest
from byoip.adapters.checks.statistics_folder import StatisticsFolder
from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.adapters.system_clock import SystemClock
from byoip.composition.external_services import ExternalServices
from byoip.ports.checks.registrations import StatisticsSource
from byoip.ports.checks.rpki import VrpSource
from byoip.ports.clock import Clock
from byoip.settings import Mode
from byoip.settings.model import Settings
from byoip.store.accounts.rate_limits import Allowance
from byoip.store.bindings.services import seed_services
from byoip.store.checks.dns_budget import PostgresDnsBudget
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.claims.event_notifier import EventNotifier
from byoip.store.engine import PoolSize, make_engine
from byoip.store.migrating import CannotMigrate, check_revision, stamped_mode
from byoip.store.server_settings import NoRoom, require_commits, require_room
from byoip.store.speakers.route_history import RouteReader
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.checks.ask_holder import AskHolder
from byoip.usecases.checks.collect_evidence import CollectEvidence
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations
from byoip.usecases.checks.refresh_roas import RefreshRoas
from byoip.usecases.speakers.restore_snapshot import RestoreSnapshot

_WHOIS_SECONDS = 10.0
_RDAP_SECONDS = 5.0  # twice at most, beside the rest: it decides nothing


class Composition:
    """The parts of one process around one database. Close it when done."""

    def __init__(
        self, settings: Settings, database_url: str, mode: Mode, outside: ExternalServices
    ) -> None:
        self.settings = settings
        self.database_url = database_url
        self.mode = mode
        self.outside = outside
        self.clock: Clock = SystemClock()
        autocommit = settings.database_connections // 3
        self.kept = settings.database_connections - autocommit  # for transactions
        self.engine = make_engine(
            database_url, pool=PoolSize(kept=self.kept, more=0, autocommit=autocommit)
        )
        # A command on the database may run without the operator's settings, and knows no origins.
        origins = outside.origins or None
        own_asns = outside.operator_asn, settings.announce_without_aspa
        self.store = Store(self.engine, self.clock, settings.ceilings, origins, own_asns)
        self.notifier = EventNotifier(database_url)
        self.vrp_snapshots = VrpSnapshots(self.engine)
        self.registrations = RegistrationSnapshots(self.engine)
        self.overrides = [(one.prefix, one.registry) for one in settings.registry_overrides]
        self.registry = self._registry()
        self.dns = DnsLooks(
            self.clock,
            outside.resolvers,
            outside.network,
            authority_port=outside.authority_port,
            budget=PostgresDnsBudget(Allowance(self.engine), settings.dns_questions_per_hour),
        )
        holder = self._holder()
        self.registration_data = None if holder is None else holder.data
        self.ask = partial(
            CollectEvidence,
            store=self.store,
            clock=self.clock,
            registry=self.registry,
            dns=self.dns,
            registries=outside.registries,
            overrides=self.overrides,
            countries=settings.national_registries,
            waived=frozenset(settings.waive_irr_at),
            label=settings.label,
            holder=holder,
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

    def _holder(self) -> AskHolder | None:
        outside = self.outside
        if all(one.rdap_url is None for one in outside.registries.values()):
            return None
        servers = RdapServers(outside.registries, outside.rdap_servers)
        budget = PostgresRegistryBudget(self.engine, remember=timedelta(0))
        back_off = outside.back_off
        return AskHolder(
            RdapClient(self.clock, servers, budget, deadline=_RDAP_SECONDS, back_off=back_off)
        )

    async def trouble(self) -> str | None:
        """Why this process must not take requests; None if it may."""
        try:
            state = await check_revision(self.engine)
            if not state.current:
                return f"revision {state.found}, not {state.expected}"
            stamped = await stamped_mode(self.engine)
            await require_commits(self.engine)
            await require_room(self.engine)
        except NoRoom:
            return "no room on its disk"
        except StoreUnavailable:
            return "away"
        except CannotMigrate as fault:
            return str(fault)
        return None if stamped == self.mode else f"stamped {stamped}, not {self.mode}"

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
