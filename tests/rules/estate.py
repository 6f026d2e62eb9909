"""Prefixes on the Internet, and short ways to take them down."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.account import Account
from byoip.domain.bindings.service_binding import Service
from byoip.domain.claims.claim import Claim
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.routes.bgp_prefix import BgpPrefix, Desired
from byoip.domain.routes.breaker import Ceilings, Parked
from byoip.store.claims.reader import CustomerReader
from byoip.store.jobs.guard_reader import GuardReader
from byoip.store.transaction import Store
from byoip.usecases.routes import bgp_prefixes, breaker, offboarding
from byoip.usecases.routes.announce_owed import AnnounceOwed
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from byoip.usecases.routes.withdraw import tripping
from tests.accounts import Accounts
from tests.store import samples
from tests.store.samples import SetClock
from tests.usecases.verbs import Verb

OWNER = Actor("credential:owner", "request-offboard")
WORKER = Actor("worker", "job-1")
OPERATOR = Actor("operator:1", "request-operator")
GRACE = timedelta(days=7)
WIDE = Ceilings(per_run=1000, per_account=1000, per_minute=1000, share=1.0, least=1000)


@dataclass
class Estate:
    """Prefixes of some accounts."""

    engine: AsyncEngine
    clock: SetClock = field(default_factory=SetClock)
    ceilings: Ceilings = WIDE

    def __post_init__(self) -> None:
        self.store = Store(self.engine, self.clock, self.ceilings)
        self.reader = CustomerReader(self.engine)
        self.guards = GuardReader(self.engine, self.ceilings)
        self._made = 0

    @property
    def going_on(self) -> ContinueOffboardings:
        return ContinueOffboardings(self.store, self.clock, GRACE)

    async def account(self) -> UUID:
        made = Account(uuid4(), "Example", 1000, self.clock.now())
        await Accounts(self.store).create(made)
        return made.id

    async def service(self) -> Service:
        return next(iter(await self.reader.services()))

    async def advertised(self, account_id: UUID, *more: int) -> Claim:
        """An approved prefix that is bound and announced, and more-specific routes of it."""
        self._made += 1
        now = self.clock.now()
        cidr = f"60.{self._made // 64}.{self._made % 64 * 4}.0/22"
        yes = samples.passed(now)
        claim = samples.claim(account_id, cidr)
        claim = replace(claim, irr=yes, rpki=yes, ownership=yes).approve(now)
        service = await self.service()
        async with self.store.transaction() as tx:
            await tx.claims.add(claim)
            default = samples.binding(claim, service)
            await tx.bindings.add(default)
            for length, number in [(22, 0), *((24, one) for one in more)]:
                part = str(claim.prefix.network.network_address + number * 256)
                route = self._route(claim, Prefix.parse(f"{part}/{length}"))
                await tx.bgp_prefixes.add(route)
                wanted = route.announced(default, prepend=0, request_id="r", now=now)
                await tx.bgp_prefixes.save(replace(wanted, last_valid_at=now))
        return claim

    def _route(self, claim: Claim, cidr: Prefix) -> BgpPrefix:
        now = self.clock.now()
        desired = Desired(request_id="request-new")
        return BgpPrefix(
            uuid4(), claim.id, claim.account_id, claim.prefix, cidr, claim.asn, now, now, desired
        )

    async def give_to_another(self, claim_id: UUID, cidr: str) -> None:
        """As when its approval was revoked on the way, and another account was given the space."""
        await self.run(
            "UPDATE prefixes SET state = 'pending', approved_at = NULL, approved_by = NULL "
            "WHERE id = :id",
            id=claim_id,
        )
        now, yes = self.clock.now(), samples.passed(self.clock.now())
        other = samples.claim(await self.account(), cidr)
        other = replace(other, irr=yes, rpki=yes, ownership=yes).approve(now)
        async with self.store.transaction() as tx:
            await tx.claims.add(other)
            await tx.bindings.add(samples.binding(other, await self.service()))

    async def take_down(self, claim: Claim, number: int = 0) -> None:
        """As its owner: one route of it, by a request that names it."""
        async with tripping(self.store):
            await self.want(claim, number, advertised=False)

    async def want(self, claim: Claim, number: int = 0, *, advertised: bool = True) -> None:
        """The same, either way."""
        route, patch = (await self.routes(claim))[number], Verb(self.store, bgp_prefixes.advertise)
        await patch(claim.account_id, claim.id, route.id, advertised=advertised, by=OWNER)

    async def replace(self, claim: Claim, number: int) -> None:
        """End a route that is withdrawn, and add the same one again."""
        route = (await self.routes(claim))[number]
        remove, add = Verb(self.store, bgp_prefixes.remove), Verb(self.store, bgp_prefixes.add)
        await remove(claim.account_id, claim.id, route.id, by=OWNER)
        await add(claim.account_id, claim.id, cidr=str(route.cidr), by=OWNER)
        await self.run(
            "UPDATE bgp_prefixes SET last_valid_at = now() WHERE cidr = :cidr AND live",
            cidr=str(route.cidr),
        )

    async def offboard(self, claim: Claim, by: Actor = OWNER) -> None:
        self.clock.advance(timedelta(milliseconds=1))  # they go in the order of their asking
        await Verb(self.store, offboarding.offboard)(claim.account_id, claim.id, by=by)

    async def restore(self, claim: Claim) -> Any:
        restoring = Verb(self.store, offboarding.restore)
        return await restoring(claim.account_id, claim.id, by=OWNER)

    async def go_on(self) -> int:
        return await self.going_on(by=WORKER)

    async def owed(self) -> None:
        await AnnounceOwed(self.store)()

    async def rearm(self, parked: Parked) -> None:
        for trip, _ in (await self.guards.breaker()).trips:
            await Verb(self.store, breaker.rearm)(
                trip.id, parked=parked, reason="looked", name="Ada", by=OPERATOR
            )

    async def routes(self, claim: Claim) -> list[BgpPrefix]:
        async with self.store.transaction() as tx:
            return list(await tx.bgp_prefixes.of(claim.id))

    async def up(self, *claims: Claim) -> int:
        """How many routes are wanted on the Internet."""
        query = "SELECT count(*) FROM bgp_prefixes WHERE advertised AND prefix_id = ANY (:ids)"
        return int(await self.one(query, ids=[claim.id for claim in claims]))

    async def bound(self, claim: Claim) -> int:
        return len(await self._bindings(claim))

    async def _bindings(self, claim: Claim) -> list[Any]:
        async with self.store.transaction() as tx:
            return list(await tx.bindings.of(claim.id))

    async def state(self, claim: Claim) -> tuple[str, str]:
        query = "SELECT state || ' ' || standing FROM prefixes WHERE id = :id"
        state, standing = (await self.one(query, id=claim.id)).split()
        return state, standing

    async def step(self, claim: Claim) -> str | None:
        query = "SELECT step FROM offboardings WHERE prefix_id = :id AND live"
        found: str | None = await self.one(query, id=claim.id)
        return found

    async def hold(self, claim: Claim, *, held: bool) -> None:
        """A speaker holds every route of it, or has given it up."""
        await self.run(
            "INSERT INTO applied_routes SELECT 'speaker', id, :held, :held, change, now() "
            "FROM bgp_prefixes WHERE prefix_id = :id ON CONFLICT (speaker, bgp_prefix_id) "
            "DO UPDATE SET may_hold = :held, advertised = :held",
            id=claim.id,
            held=held,
        )

    async def see(self, claim: Claim, *, seen: bool) -> None:
        """A listener sees every route of it, or none."""
        await self.run(
            "INSERT INTO observed_routes SELECT id, 'bird', :seen, false, now() "
            "FROM bgp_prefixes WHERE prefix_id = :id ON CONFLICT (bgp_prefix_id, seen_by) "
            "DO UPDATE SET advertised = :seen",
            id=claim.id,
            seen=seen,
        )

    async def kinds(self, claim: Claim) -> list[tuple[str, str]]:
        """What happened to it, and in which request."""
        found = await self.reader.events(claim.account_id, claim.id, after=0, limit=1000)
        return [(one.kind, one.request_id) for one in found]

    async def operators(self) -> list[str]:
        """What operators were told or did."""
        async with self.engine.connect() as connection:
            query = text("SELECT kind FROM operator_events ORDER BY number")
            return list(await connection.scalars(query))

    async def one(self, query: str, **values: Any) -> Any:
        async with self.engine.connect() as connection:
            return await connection.scalar(text(query), values)

    async def ask(self, query: str, **values: Any) -> list[Any]:
        async with self.engine.connect() as connection:
            return list(await connection.execute(text(query), values))

    async def later(self, **duration: float) -> None:
        """As if so much time had passed for the breaker, which asks the database."""
        passed = f"interval '{timedelta(**duration).total_seconds()} seconds'"
        await self.run(
            f"""
            DO $$ BEGIN
                SET LOCAL session_replication_role = replica; -- no trigger keeps history
                UPDATE withdrawals SET at = at - {passed};
                UPDATE breaker_trips SET rearmed_at = rearmed_at - {passed};
            END $$
            """  # noqa: S608
        )

    async def run(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)
