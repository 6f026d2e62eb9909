"""Transactions, and the order in which they lock.

Deadlocks are prevented, not retried. Everybody takes locks in this order, and skips what is not
needed:

1. the key of an idempotent write (tried, never waited for)
2. the account (`lock_account`)
3. the claim (`Claims.lock`)
4. its open run (`Runs.lock`, `end_open`); `take` and `renew` lock nothing besides; or a service
   (`Services.get` shares it with other bindings, and so do `Bindings.swap` and `remove` with all
   that the feed will name; operators lock it alone, and nothing before it); then edges: bindings
   and announcements share them (`EdgeFeed.at_once`, `Edges.together`), who changes what edges
   there are, drains one or takes it back has them alone (`Edges.alone`), and then one edge
   (`Edges.lock`), or all of them after the counter of 13 (`Edges.begin_feed`)
5. the space (`lock_space`), only for a claim that is pending
6. approved claims that overlap it (`approved_overlapping`), in the order of their ids
7. the breaker (`permit`, `trip`, `rearm`), one withdrawal at a time; a claim's way out
   (`offboardings`) is written under the claim's lock and needs none of its own; or, alone and
   with nothing before it, the turn to re-evaluate all routes: tried, never waited for
   (`Drifts.reevaluate` then shares claims in the order of their ids)
8. the refused set of a job (`guards.waiting`, `refuse`), and then the ways out that a run takes
   in, without their claims, in the order of these (`offboardings.take_in`); alone, but for what
   follows here
   or a speaker or listener to forget (`routes.last_asked`), then its marks and observations in
   the order of ids (`routes.forget`); nothing before it; or which database this is
   (`restores.identity`), then all marks in the order of ids (`restores.disown`); nothing before it
9. letters of the claim; alone, too, but then nothing else after them
10. event counters of claims, in the order of their ids
11. event counters of accounts, in the order of their ids
12. the event counter of operators
13. the counter of edge changes (`EdgeFeed.write`), where a binding has changed: it is one for all
    accounts, so it comes last, and is held for the length of a commit
14. at the commit Postgres' queue of notifications, where there are events

Why 6 may come after 3: whoever waits for the space holds a pending claim only, and 6 locks
approved ones; two that do 6 for overlapping space take turns at 5. Hence the rule in 5: taking
the space while holding an approved claim could deadlock with one that contests it.

Reconcilers write marks in single statements, in the order of ids, and lock BGP prefixes without
their claims: to read them before a withdrawal (holding nothing else), and to settle them (skipping
those that somebody holds).

READ COMMITTED throughout: a row that was waited for is read as its last writer left it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from procrastinate import App
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.routes.breaker import Ceilings
from byoip.ports.checks.rpki import RoaData
from byoip.ports.clock import Clock
from byoip.store import idempotency
from byoip.store.accounts import allowance, rate_limits
from byoip.store.accounts.operating_space import OperatorRepositories
from byoip.store.bindings.bindings import BindingRepository, ServiceRepository
from byoip.store.bindings.edge_feed import EdgeFeed
from byoip.store.bindings.edges import EdgeRepository
from byoip.store.checks.drifts import DriftRepository
from byoip.store.checks.registration_snapshots import RegistrationRepository
from byoip.store.checks.runs import RunRepository
from byoip.store.checks.vrp_snapshots import RoaRepository
from byoip.store.claims.claims import ClaimRepository
from byoip.store.claims.delegations import DelegationRepository
from byoip.store.claims.events import EventRepository
from byoip.store.claims.tokens import TokenRepository
from byoip.store.idempotency import IdempotencyRepository
from byoip.store.jobs.job_guards import JobGuardRepository
from byoip.store.jobs.jobs import JobRepository, make_enqueuing_app
from byoip.store.letters.letters import LetterRepository
from byoip.store.letters.loa_documents import LoaDocumentRepository
from byoip.store.routes.bgp_prefixes import BgpPrefixRepository
from byoip.store.routes.breaker import BreakerRepository
from byoip.store.routes.offboardings import OffboardingRepository
from byoip.store.speakers.restores import RestoreRepository
from byoip.store.speakers.route_history import RouteHistoryRepository
from byoip.store.statements import Session
from byoip.store.unavailable import translate_driver_errors


class Transaction:
    """All that can be remembered, on one connection in a transaction."""

    claims: ClaimRepository
    tokens: TokenRepository
    bindings: BindingRepository
    delegations: DelegationRepository
    services: ServiceRepository
    runs: RunRepository
    events: EventRepository
    jobs: JobRepository
    roas: RoaData
    registrations: RegistrationRepository
    operating: OperatorRepositories
    letters: LetterRepository
    loa_documents: LoaDocumentRepository
    bgp_prefixes: BgpPrefixRepository
    breaker: BreakerRepository
    edges: EdgeRepository
    offboardings: OffboardingRepository
    guards: JobGuardRepository
    drifts: DriftRepository
    routes: RouteHistoryRepository
    restores: RestoreRepository

    def __init__(
        self,
        connection: AsyncConnection,
        session: Session,
        clock: Clock,
        app: App,
        once: IdempotencyKey | None,
        ceilings: Ceilings,
    ) -> None:
        self.claims = ClaimRepository(session)
        self.tokens = TokenRepository(session)
        self._feed = EdgeFeed(session, clock)
        self.bindings = BindingRepository(session, self._feed)
        self.edges = EdgeRepository(session)
        self.delegations = DelegationRepository(session)
        self.services = ServiceRepository(session)
        self.runs = RunRepository(session, clock)
        self.events = self._history = EventRepository(session)
        self.jobs = JobRepository(session, app)
        self.roas = RoaRepository(connection, clock)
        self.registrations = RegistrationRepository(connection)
        self.operating = self._operating = OperatorRepositories(connection, session)
        self.letters = LetterRepository(session)
        self.loa_documents = LoaDocumentRepository(session)
        self.bgp_prefixes = BgpPrefixRepository(session)
        self.breaker = BreakerRepository(session, clock, ceilings, self._operating.events)
        self.offboardings = OffboardingRepository(session)
        self.guards = JobGuardRepository(session)
        self.drifts = DriftRepository(session)
        self.routes = RouteHistoryRepository(session)
        self.restores = RestoreRepository(session)
        self._once = None if once is None else IdempotencyRepository(session, clock, once)

    async def answered(self, result: object) -> None:
        """Keep the answer for a repeated key; the last thing a write does."""
        if self._once is not None:
            self._once.answered(result)

    async def begin(self) -> None:
        """Claim the key, if there is one."""
        if self._once is not None:
            await self._once.claim()

    async def end(self) -> None:
        """Write what comes last: the history, the feed for edges, then the answer."""
        await self._history.write()
        await self._operating.end()
        await self._feed.write()
        if self._once is not None:
            await self._once.write()


class Store:
    """Transactions on an engine."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        ceilings: Ceilings = Ceilings(),  # noqa: B008 - frozen
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ceilings = ceilings
        self._app = make_enqueuing_app()

    @asynccontextmanager
    async def transaction(self, once: IdempotencyKey | None = None) -> AsyncIterator[Transaction]:
        """Everything or nothing. With `once`, the first statement claims its key.

        Raises:
            AlreadyAnswered: the key was used with this body; nothing was done.
            IdempotencyKeyReused, IdempotencyKeyBusy: as they say.
            StoreUnavailable: now or at any time until the end.
        """
        with translate_driver_errors():
            async with self._engine.begin() as connection:
                session = await Session.of(connection)
                tx = Transaction(connection, session, self._clock, self._app, once, self._ceilings)
                await tx.begin()
                yield tx
                await tx.end()

    async def prune(self) -> int:
        """Drop idempotency keys older than a day, and permits that are past; how many keys."""
        with translate_driver_errors():
            async with self._engine.begin() as connection:
                session = await Session.of(connection)
                await allowance.prune(session)
                await rate_limits.prune(session)
                return await idempotency.prune(session, self._clock)
