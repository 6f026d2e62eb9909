"""Transactions, and the order in which they lock.

READ COMMITTED: a row that was waited for is read as its last writer left it. Deadlocks are
prevented, not retried: each takes the locks that it needs in this order.

1. who was logged out at the provider (`tx.identities`), by digest; the turn to change people
   (`tx.let_in`); who was let in, shared; the key (tried, never waited on)
2. the account (`tx.claims.lock_quota`), then one of its AS numbers (`tx.own_asns.lock`), or what
   all accounts have of one, by ids (`tx.own_asns.lock_every`), and then a dispute about that
3. the space (`tx.claims.lock_space`), by all that may begin or end a contest, and by no claim that
   proved nothing; then, in the order of their ids, the claims around (`tx.contests.lock_around`)
4. the claim (`tx.claims.lock`); a closed one, too (`tx.claims.lock_closed`)
5. its open run (`tx.runs.lock`, `tx.runs.end_open`); `tx.runs.take` and `tx.runs.renew` lock
   nothing else. Or a service: bindings share it (`tx.services.get`; `tx.bindings.swap` and
   `tx.bindings.remove` with all that the feed will name), operators lock it alone, before any
   (`tx.services.lock`). Then edges: bindings and announcements share them (`tx.edge_feed.at_once`,
   `tx.edges.together`); to add, drain, restore or remove one all are locked (`tx.edges.alone`),
   then it (`tx.edges.lock`), or all after the counter of 13 (`tx.edges.begin_feed`)
6. with the space, claims in it, by ids (`tx.claims.approved_overlapping`, `tx.contests.unrivalled`)
7. the breaker (`turn_of`, `permit`, `trip` and `rearm` of `tx.breaker`), one withdrawal at a time;
   that of levels, a registry and signal at a time (`tx.watches.rise`). A claim's way out, its
   watches and, with its space, disputes are written under its lock and need no other. Or, alone and
   with nothing before it, the turn to re-evaluate a page of routes: tried, never waited for
   (`tx.drifts.reevaluate` then shares which snapshot is used, and claims by ids). A claim's
   waivers are put and ended under its lock; those over alone, never waiting (`tx.waivers.end_over`)
8. with nothing before it one of these: the refused set of a job (`tx.guards`), then the ways out
   that a run takes in, in order and without claims (`tx.offboardings.enrol`); a speaker or listener
   to forget (`tx.routes.last_asked`), then what it applied and observed by ids
   (`tx.routes.forget`); which database this is (`tx.restores.identity`), then applied state by ids,
   then the settings of speakers; those alone (`tx.revisions.lock`), then drains (`tx.drains`);
   operators by id, one of people, their identity, the turn of a credential (`hold_off`), then that;
   a webhook, an address of mail (`tx.hooks`); the turn to tell a page of routes that ASPAs exclude
   or no longer, tried (`ExcludedRoutes.alone`), then their alarms, then claims by ids
9. raw answers of a finished run, by digest, what its account keeps (`tx.runs.finish`); or letters;
   or all runs of a claim that moves, then what both accounts keep
10. event counters of claims, then 11. of accounts, both in the order of their ids, 12. of operators
13. the counter of edge changes (`tx.edge_feed.write`), which all accounts share: held for a commit
14. at the commit the account's counters (triggers), then Postgres' queue of notifications

Why 6 may come after 4: only one transaction at a time has the space; one with other space shares
claims around both with it, as 3 and 6 take them; others hold one claim and wait for no second, or
lock several by ids (`tx.breaker.rearm`, `tx.events.lock_claims`). Never a claim and then its space.

Before all of these a reconciler or watcher shares its lease; a take-over locks that alone. They
write applied state by ids, and lock BGP prefixes without claims: to withdraw (alone), to settle.
"""

from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from procrastinate import App
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from byoip.domain.asn import Asn
from byoip.domain.claims.claim import Claim
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor, Event, OperatorEvent
from byoip.domain.idempotency import IdempotencyKey, StoredAnswer
from byoip.domain.precondition import ANY_VERSION, Precondition
from byoip.domain.routes.breaker import Ceilings
from byoip.domain.routes.rules import RouteRules
from byoip.domain.speakers.succession import WRITES_KEPT, Write
from byoip.ports.clock import Clock
from byoip.store.accounts.accounts import AccountRepository
from byoip.store.accounts.credentials import CredentialRepository
from byoip.store.accounts.identities import IdentityRepository
from byoip.store.accounts.let_in import LetInRepository
from byoip.store.accounts.operator_events import OperatorEventRepository
from byoip.store.accounts.people import PeopleRepository
from byoip.store.asns.own_asns import OwnAsnRepository
from byoip.store.autocommit import autocommit_pool
from byoip.store.bindings.bindings import BindingRepository
from byoip.store.bindings.edge_feed import EdgeFeed
from byoip.store.bindings.edges import EdgeRepository
from byoip.store.bindings.services import ServiceRepository
from byoip.store.checks import registration_snapshots as statistics
from byoip.store.checks.drifts import DriftRepository
from byoip.store.checks.partitions import REGISTRATIONS_LOCK, VRPS_LOCK, turn_in
from byoip.store.checks.registry_overrides import OverrideRepository
from byoip.store.checks.runs import RunRepository
from byoip.store.checks.vrp_snapshots import RoaRepository
from byoip.store.checks.vrp_writing import VrpSnapshotRepository
from byoip.store.checks.waivers import WaiverRepository
from byoip.store.claims.claims import ClaimRepository
from byoip.store.claims.contests import ContestRepository
from byoip.store.claims.delegations import DelegationRepository
from byoip.store.claims.events import EventRepository
from byoip.store.claims.reservations import ReservationRepository
from byoip.store.claims.tokens import TokenRepository
from byoip.store.engine import begun
from byoip.store.hooks.webhooks import WebhookRepository
from byoip.store.idempotency import IdempotencyRepository, looking_again
from byoip.store.jobs.job_guards import JobGuardRepository
from byoip.store.jobs.jobs import JobRepository, make_enqueuing_app
from byoip.store.letters.letters import LetterRepository
from byoip.store.letters.loa_documents import LoaDocumentRepository
from byoip.store.routes.bgp_prefixes import BgpPrefixRepository
from byoip.store.routes.breaker import BreakerRepository
from byoip.store.routes.offboardings import OffboardingRepository
from byoip.store.speakers.drains import DrainRepository
from byoip.store.speakers.restores import RestoreRepository
from byoip.store.speakers.revisions import RevisionRepository
from byoip.store.speakers.route_history import RouteHistoryRepository
from byoip.store.speakers.unreleased import UnreleasedRepository
from byoip.store.statements import Session
from byoip.store.watch.watches import WatchRepository

_Said = Mapping[str, Any]
_NOTHING: Final[_Said] = {}


class Transaction:
    """All that can be read and written, on one connection; repositories are made on first use.

    Attributes:
        clock: of this process; `now` is what the transaction goes by.
        precondition: the versions of the object that the request is based on.
        connection, session, app, rules: what the repositories are made of.
    """

    own_asns = cached_property(lambda tx: OwnAsnRepository(tx.session))
    claims = cached_property(lambda tx: ClaimRepository(tx.session, tx.events))
    contests = cached_property(lambda tx: ContestRepository(tx.session))
    tokens = cached_property(lambda tx: TokenRepository(tx.session))
    bindings = cached_property(lambda tx: BindingRepository(tx.session, tx.edge_feed))
    edges = cached_property(lambda tx: EdgeRepository(tx.session))
    delegations = cached_property(lambda tx: DelegationRepository(tx.session))
    services = cached_property(lambda tx: ServiceRepository(tx.session))
    runs = cached_property(lambda tx: RunRepository(tx.session, tx.clock))
    jobs = cached_property(lambda tx: JobRepository(tx.session, tx.app))
    roas = cached_property(lambda tx: RoaRepository(tx.connection, tx.clock))
    registrations = cached_property(lambda tx: statistics.RegistrationRepository(tx.connection))
    letters = cached_property(lambda tx: LetterRepository(tx.session))
    loa_documents = cached_property(lambda tx: LoaDocumentRepository(tx.session))
    bgp_prefixes = cached_property(lambda tx: BgpPrefixRepository(tx.session))
    breaker = cached_property(
        lambda tx: BreakerRepository(tx.session, tx.rules.ceilings, tx.operator_events)
    )
    offboardings = cached_property(lambda tx: OffboardingRepository(tx.session))
    guards = cached_property(lambda tx: JobGuardRepository(tx.session))
    drifts = cached_property(lambda tx: DriftRepository(tx.session))
    routes = cached_property(lambda tx: RouteHistoryRepository(tx.session))
    unreleased = cached_property(lambda tx: UnreleasedRepository(tx.session))
    restores = cached_property(lambda tx: RestoreRepository(tx.session))
    revisions = cached_property(lambda tx: RevisionRepository(tx.session))
    drains = cached_property(lambda tx: DrainRepository(tx.session))
    accounts = cached_property(lambda tx: AccountRepository(tx.session))
    credentials = cached_property(lambda tx: CredentialRepository(tx.session))
    let_in = cached_property(lambda tx: LetInRepository(tx.session, tx.clock))
    people = cached_property(lambda tx: PeopleRepository(tx.session))
    identities = cached_property(lambda tx: IdentityRepository(tx.session))
    registry_overrides = cached_property(lambda tx: OverrideRepository(tx.session))
    waivers = cached_property(lambda tx: WaiverRepository(tx.session))
    reservations = cached_property(lambda tx: ReservationRepository(tx.session))
    operator_events = cached_property(lambda tx: OperatorEventRepository(tx.session))
    events = cached_property(lambda tx: EventRepository(tx.session))
    watches = cached_property(lambda tx: WatchRepository(tx.session))
    hooks = cached_property(lambda tx: WebhookRepository(tx.session))
    edge_feed = cached_property(lambda tx: EdgeFeed(tx.session, tx.clock))

    def __init__(
        self,
        connection: AsyncConnection,
        session: Session,
        clock: Clock,
        app: App,
        rules: RouteRules,
        *,
        actor: Actor | None,
        precondition: Precondition,
        key: IdempotencyRepository | None,
    ) -> None:
        self.clock, self.app, self.rules, self.precondition = clock, app, rules, precondition
        self.connection, self.session, self._actor, self._key = connection, session, actor, key

    @property
    def actor(self) -> Actor:
        """Who acts; a transaction that only reads, or whose events name their actors, has none."""
        if self._actor is None:
            raise RuntimeError("a transaction without an actor records nothing")
        return self._actor

    def act_as(self, actor: Actor) -> None:
        """Act for a party that is known only from what the transaction has read."""
        self._actor = actor

    @cached_property
    def now(self) -> datetime:
        """The time of all that it does; read when first asked for, under its locks."""
        return self.clock.now()

    async def lock_claim(self, claim_id: UUID, account_id: UUID | None = None) -> Claim:
        """Lock the claim that the request is about, as the version that it is based on.

        Raises:
            ClaimNotFound: there is no such live claim, or it is another account's.
            PreconditionFailed: it has another version by now.
        """
        claim = await self.claims.lock(claim_id, account_id)
        self.precondition.require(claim.version)
        return claim

    def record(
        self, claim_id: UUID, kind: str, *, before: _Said = _NOTHING, after: _Said = _NOTHING
    ) -> None:
        """Add a line to a claim's history: the actor did it, now."""
        self.events.note(Event(claim_id, kind, self.actor, self.now, before, after))

    def record_for_operators(
        self, kind: str, reason: CustomerText, *, before: _Said = _NOTHING, after: _Said = _NOTHING
    ) -> None:
        """Add a line to the operators' history: the actor did it, now, for this reason."""
        of = kind, self.actor.name, self.actor.request_id, reason, self.now, before, after
        self.operator_events.note(OperatorEvent(*of))

    async def roa_snapshots(self) -> VrpSnapshotRepository:
        """Snapshots of ROA data, open for writing by this transaction alone."""
        await turn_in(self.session, self.connection, VRPS_LOCK)
        return VrpSnapshotRepository(self.connection)

    async def registration_snapshots(self) -> statistics.RegistrationSnapshotRepository:
        """The registries' statistics, open for writing by this transaction alone."""
        await turn_in(self.session, self.connection, REGISTRATIONS_LOCK)
        return statistics.RegistrationSnapshotRepository(self.connection)

    def keep(self, answer: StoredAnswer) -> None:
        """Keep the answer for a repeated key, if the request has one."""
        if self._key is not None:
            self._key.keep(answer)

    async def end(self) -> None:
        """Write what comes last: the histories, the feed for edges, then the answer."""
        made = self.__dict__  # what was used; the rest has nothing to write
        for one in ("events", "operator_events", "edge_feed"):
            if one in made:
                await made[one].write()
        if self._key is not None:
            await self._key.write(self.session)
        await self.session.end()


class Store:
    """Transactions on an engine; `acknowledged` are the last that were committed with events."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        ceilings: Ceilings = Ceilings(),  # noqa: B008 - frozen
        origins: Collection[Asn] | None = None,
        own_asns: tuple[Asn | None, bool] = (None, True),  # operator, without_aspa of RouteRules
    ) -> None:
        self._engine, self._clock, self._app = engine, clock, make_enqueuing_app()
        self._rules = RouteRules(ceilings, origins, *own_asns)
        self.acknowledged: deque[Write] = deque(maxlen=WRITES_KEPT)

    @asynccontextmanager
    async def transaction(
        self,
        key: IdempotencyKey | None = None,
        *,
        actor: Actor | None = None,
        precondition: Precondition = ANY_VERSION,
    ) -> AsyncIterator[Transaction]:
        """Everything or nothing. The first statement claims a key, and who was let in stays so.

        Args:
            key: of a write that its sender may repeat.
            actor: who acts, for the histories; needed where the transaction records anything.
            precondition: what the request is based on; see `Transaction.lock_claim`.

        Raises:
            NotAuthenticated, ScopeMissing, RoleMissing: who was let in would not be any more.
            AlreadyAnswered, IdempotencyKeyReused, IdempotencyKeyBusy: the key was used, or is now.
            StoreUnavailable: the database is away, now or at any time until the end.
        """
        claimed = None if key is None else IdempotencyRepository(self._clock, key)
        async with looking_again(self._engine, claimed), begun(self._engine) as connection:
            of = connection, await Session.of(connection), self._clock, self._app, self._rules
            tx = Transaction(*of, actor=actor, precondition=precondition, key=claimed)
            await tx.let_in.begin(actor)
            if claimed is not None:
                await claimed.claim(tx.session)
            yield tx
            await tx.end()
        if "events" in tx.__dict__:
            self.acknowledged.extend(tx.events.written)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Transaction]:
        """No transaction: each statement is done when it is asked. Has no history and no feed."""
        async with autocommit_pool(self._engine).connection() as driver:
            of: Any = None, Session(driver), self._clock, self._app, self._rules
            yield Transaction(*of, actor=None, precondition=ANY_VERSION, key=None)
