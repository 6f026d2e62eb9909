"""Use cases on a real Postgres; registry and reverse DNS are twins that insist on manners."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.accounts.account import Account
from byoip.domain.asn import Asn
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.checks.validation_run import ValidationRun
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix, PrefixPolicy
from byoip.ports.jobs import RUN_VALIDATION
from byoip.store.checks.tables import validation_runs
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.claims.reader import CustomerReader
from byoip.store.claims.tables import prefixes as prefix_rows
from byoip.store.claims.tables import validation_tokens
from byoip.store.claims.views import ClaimView, NumberedEvent, RunView
from byoip.usecases.bindings import bindings
from byoip.usecases.checks import request_validation
from byoip.usecases.checks.collect_evidence import CollectEvidence
from byoip.usecases.checks.refresh_roas import RefreshRoas
from byoip.usecases.claims import prefixes, tokens
from byoip.usecases.claims.prefixes import Terms
from byoip.usecases.claims.tokens import IssuedToken
from tests.accounts import Accounts
from tests.fakes.rpki import FakeVrpSource, export_text
from tests.fakes.tokens import RandomHex
from tests.store.samples import BY, SetClock
from tests.usecases.looking import look_at_once, validation_of
from tests.usecases.manners import CountingStore, PoliteDns, PoliteRegistry
from tests.usecases.verbs import Verb

LABEL = "byoip-validation"
ORIGIN = Asn(64500)
CIDR = "31.0.0.0/23"
WORKER = Actor("worker", "job-1")
WEEK = timedelta(days=7)
POLICY = PrefixPolicy(infrastructure=(Prefix.parse("20.0.0.0/16"),))
GATES = GatePolicy(floor=0, share=0.0, least_per_anchor=0, newer=False)
REGISTRY = Registry("ripencc", "RIPE", "whois.sandbox.test", Dialect.RIPE)
EVERYTHING = (Prefix.parse("0.0.0.0/0"), Prefix.parse("::/0"))


@dataclass
class World:
    """One account, and short ways to say what happens."""

    engine: AsyncEngine
    directory: Path
    clock: SetClock = field(default_factory=SetClock)
    account_id: UUID = field(default_factory=uuid4)
    responsible: Registry = REGISTRY
    waived: frozenset[str] = frozenset()
    deadline: float = 60.0
    looks: bool = True  # False: no worker has come to look for a token before it is published

    def __post_init__(self) -> None:
        self.store = CountingStore(self.engine, self.clock)
        self.reader = CustomerReader(self.engine)
        self.registry = PoliteRegistry(store=self.store)
        self.dns = PoliteDns(self.store)

    @property
    def registries(self) -> dict[str, Registry]:
        return {self.responsible.key: self.responsible}

    @property
    def overrides(self) -> list[tuple[Prefix, str]]:
        return [(part, self.responsible.key) for part in EVERYTHING]

    @property
    def ask(self) -> CollectEvidence:
        return CollectEvidence(
            self.store,
            self.clock,
            self.registry,
            self.dns,
            self.registries,
            self.overrides,
            self.waived,
            LABEL,
            self.deadline,
        )

    async def new_account(self, quota: int = 1000) -> UUID:
        made = Account(uuid4(), "Example", quota, self.clock.now())
        await Accounts(self.store).create(made)
        return made.id

    # what customers do

    @property
    def terms(self) -> Terms:
        return Terms(POLICY, frozenset({ORIGIN}), WEEK, LABEL, self.registries, RandomHex())

    @property
    def submit_prefix(self) -> Verb[ClaimView]:
        return Verb(self.store, partial(prefixes.submit, terms=self.terms))

    async def claim(self, cidr: str = CIDR, *, account_id: UUID | None = None) -> Claim:
        view = await self.submit_prefix(
            account_id or self.account_id,
            cidr=cidr,
            asn=ORIGIN.number,
            description="",
            delegate_loa_creation=False,
            by=BY,
        )
        await look_at_once(self, view.claim)
        return view.claim

    async def issue(self, claim: Claim, method: TokenMethod = TokenMethod.RDNS) -> IssuedToken:
        issuing = Verb(self.store, partial(tokens.issue, terms=self.terms))
        issued = await issuing(claim.account_id, claim.id, method=method, by=BY)
        await look_at_once(self, claim)
        return issued

    async def request(self, claim: Claim) -> UUID:
        """Ask for validation; the id of the run that is open then."""
        await Verb(self.store, request_validation.request_validation)(
            claim.account_id, claim.id, by=BY
        )
        return (await self.open_run(claim)).id

    async def open_run(self, claim: Claim) -> ValidationRun:
        return next(one.run for one in await self.runs(claim) if one.run.finished_at is None)

    async def carry_out(self, run_id: UUID, *, heartbeat: float = 10.0) -> None:
        await validation_of(self, heartbeat)(run_id, by=WORKER)

    async def validate(self, claim: Claim) -> RunView:
        """Ask for validation and have it carried out; the run as it ended."""
        run_id = await self.request(claim)
        await self.carry_out(run_id)
        return await self.reader.run(claim.account_id, claim.id, run_id)

    async def approved(self, cidr: str = CIDR, *, account_id: UUID | None = None) -> Claim:
        """A claim that has come the whole way."""
        claim = await self.claim(cidr, account_id=account_id)
        await self.prove(claim)
        await self.validate(claim)
        return await self.now(claim)

    async def bind(self, claim: Claim, cidr: str, service_id: UUID) -> UUID:
        made = await Verb(self.store, bindings.bind)(
            claim.account_id, claim.id, cidr=cidr, service_id=service_id, by=BY
        )
        return made.binding.id

    # what the outside knows

    def route(self, prefix: Prefix, *more: str, origin: str = "AS64500") -> None:
        kind = "route" if prefix.family == 4 else "route6"
        source = self.responsible.source
        lines = [f"{kind}: {prefix}", f"origin: {origin}", "mnt-by: A-MNT", *more]
        self.registry.put(source, "\n".join([*lines, f"source: {source}"]))

    def txt(self, prefix: Prefix, value: str) -> None:
        for zone in reverse_zones(prefix):
            self.dns.publish(zone.owner(LABEL), value)

    async def roas(self, *listed: Mapping[str, object], built_at: datetime | None = None) -> None:
        """Make these the snapshot in use."""
        text_ = export_text(listed, built_at or self.clock.now())
        source = FakeVrpSource(self.directory, text_)
        snapshots = VrpSnapshots(self.engine)
        await RefreshRoas(source, JsonVrps(), snapshots, GATES, self.clock)()

    async def prove(self, claim: Claim) -> None:
        """Publish all that is asked for: route object, ROA, and the token in reverse DNS."""
        self.route(claim.prefix)
        await self.roas(roa(claim.prefix))
        self.txt(claim.prefix, (await self.token(claim)).value)

    async def answer_every_token(self) -> None:
        """Publish the tokens of all claims in all zones."""
        async with self.engine.connect() as connection:
            found = await connection.scalars(select(validation_tokens.c.value))
            self.dns.answer_always(list(found))

    # what is kept

    async def now(self, claim: Claim) -> Claim:
        """The claim as it is kept now, closed or not."""
        return (await self.reader.claim(claim.account_id, claim.id)).claim

    async def token(self, claim: Claim) -> OwnershipToken:
        async with self.store.transaction() as tx:
            found = await tx.tokens.newest(claim.id)
        assert found is not None
        return found

    async def runs(self, claim: Claim) -> list[RunView]:
        page = await self.reader.runs(claim.account_id, claim.id, after=None, limit=100)
        return list(page)

    async def events(self, claim: Claim) -> list[NumberedEvent]:
        """All events; their numbers have no gaps."""
        page = await self.reader.events(claim.account_id, claim.id, after=0, limit=1000)
        assert [one.number for one in page] == list(range(1, len(page) + 1))
        return list(page)

    async def kinds(self, claim: Claim) -> list[str]:
        return [one.kind for one in await self.events(claim)]

    async def jobs(self) -> list[tuple[UUID, datetime | None]]:
        """Queued runs, and when each is due."""
        query = (
            "SELECT args, scheduled_at FROM procrastinate.procrastinate_jobs"
            " WHERE task_name = :task ORDER BY id"
        )
        async with self.engine.connect() as connection:
            rows = await connection.execute(text(query), {"task": RUN_VALIDATION})
        return [(UUID(_parsed(row.args)["run_id"]), row.scheduled_at) for row in rows]

    async def lose_jobs(self) -> None:
        """Let every queued job end without having done its work."""
        query = "UPDATE procrastinate.procrastinate_jobs SET status = 'failed'"
        async with self.engine.begin() as connection:
            await connection.execute(text(query))

    async def state(self, claim: Claim) -> str:
        """The state as the table has it: readers do not show closed claims."""
        async with self.engine.connect() as connection:
            found = await connection.scalar(
                select(prefix_rows.c.state).where(prefix_rows.c.id == claim.id)
            )
        return str(found)

    async def run_states(self, claim: Claim) -> list[str]:
        async with self.engine.connect() as connection:
            found = await connection.scalars(
                select(validation_runs.c.state)
                .where(validation_runs.c.prefix_id == claim.id)
                .order_by(validation_runs.c.created_at)
            )
            return list(found)

    async def everything(self) -> dict[str, int]:
        """How many rows each table has that a write could have touched."""
        tables = (
            "prefixes",
            "validation_tokens",
            "bindings",
            "validation_runs",
            "events",
            "idempotency_keys",
            "procrastinate.procrastinate_jobs",
        )
        counting = ", ".join(f'(SELECT count(*) FROM {name}) AS "{name}"' for name in tables)  # noqa: S608 - names from here
        async with self.engine.connect() as connection:
            row = (await connection.execute(text(f"SELECT {counting}"))).one()
        return dict(row._mapping)

    async def lease_left(self, run_id: UUID) -> timedelta:
        """How long a run is still held, on the database's clock."""
        asking = text("SELECT lease_until - clock_timestamp() FROM validation_runs WHERE id = :id")
        async with self.engine.connect() as connection:
            left: timedelta = (await connection.execute(asking, {"id": run_id})).scalar_one()
        return left

    async def set_lease(self, run_id: UUID, by: str) -> None:
        """Move a run's lease, as if time had passed on the database's clock."""
        moving = text(
            "UPDATE validation_runs SET lease_until = lease_until + CAST(:by AS interval)"
            " WHERE id = :id"
        )
        async with self.engine.begin() as connection:
            await connection.execute(moving, {"by": by, "id": run_id})


def roa(
    prefix: Prefix, *, origin: Asn = ORIGIN, expires: datetime | None = None
) -> dict[str, object]:
    """An entry of an export."""
    entry = {"prefix": str(prefix), "asn": origin.number, "maxLength": prefix.length, "ta": "ripe"}
    return entry if expires is None else {**entry, "expires": int(expires.timestamp())}


def _parsed(args: Any) -> dict[str, str]:
    parsed: dict[str, str] = json.loads(args) if isinstance(args, str) else args
    return parsed
