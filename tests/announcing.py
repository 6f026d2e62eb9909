"""A fleet of prefixes that may be announced, and a reconciler around twins."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.cli.stopping import ended
from byoip.domain.asn import Asn
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.routes.bgp_prefix import BgpPrefix
from byoip.domain.routes.breaker import Ceilings
from byoip.domain.routes.route import Path, PathAttributes
from byoip.ports.speakers.speaker import Listener, Neighbour, Speaker
from byoip.store.speakers.leader_election import LeaderElection
from byoip.store.speakers.routes import Routes
from byoip.store.speakers.watch_election import OF_LEADER, OF_WORKER, WatchElection
from byoip.store.transaction import Store, Transaction
from byoip.usecases.routes.bgp_prefixes import advertise
from byoip.usecases.routes.withdraw import tripping
from byoip.worker.pace import Pace
from byoip.worker.reconciling import Reconciler
from byoip.worker.watching import Watcher
from tests.fakes.speaker import FakeListener, FakeSpeaker
from tests.revising import connecting, enforce, proposal
from tests.store.samples import SetClock

_ACCOUNT = UUID("00000000-0000-0000-0000-0000000000aa")
OURS = Asn(64500)
PEER = "127.0.0.2"
OWNER = Actor("credential:1", "owner-1")
MARKING = PathAttributes(OURS, ip_address("192.0.2.1"), ip_address("2001:db8::1"))  # type: ignore[arg-type]
QUICK = Pace(
    every=timedelta(seconds=0.2),
    rest=0,  # however long one look took on a machine that is busy
    absent_for=timedelta(seconds=0.4),
    probe=0.05,
    second_after=timedelta(seconds=0.6),
    gone_after=timedelta(seconds=0.6),
)
LEASE = 2.0  # seconds
NO_CEILING = Ceilings(10**6, 10**6, 10**6, 1.0, 10**6)


class RealClock(SetClock):
    """The time it is."""

    def now(self) -> Any:
        self.at = self.at.now(self.at.tzinfo)
        return self.at


@dataclass
class Fleet:
    """One account's approved claims, each with a default binding and a BGP prefix that spans it."""

    engine: AsyncEngine
    clock: SetClock = field(default_factory=RealClock)
    ceilings: Ceilings = NO_CEILING

    def __post_init__(self) -> None:
        self.store = Store(self.engine, self.clock, self.ceilings)
        self.routes = Routes(self.engine)
        self.ids: dict[Prefix, tuple[UUID, UUID, UUID]] = {}  # claim, binding, BGP prefix

    async def add(
        self, *cidrs: str, advertised: bool = False, account: UUID = _ACCOUNT
    ) -> list[Prefix]:
        """Claims that may be announced, or are wanted announced already."""
        prefixes = [Prefix.parse(cidr) for cidr in cidrs]
        made = {one: (uuid4(), uuid4(), uuid4()) for one in prefixes}
        rows = {
            "cidrs": [str(one) for one in made],
            "claims": [one[0] for one in made.values()],
            "bindings": [one[1] for one in made.values()],
            "ids": [one[2] for one in made.values()],
            "advertised": advertised,
            "account": account,
        }
        async with self.engine.begin() as connection:
            for statement in _ADD:
                await connection.execute(text(statement), rows)
        self.ids.update(made)
        return prefixes

    async def announce(self, *prefixes: Prefix, prepend: int = 0) -> None:
        """As their owner: each in a transaction of its own."""
        for one in prefixes:
            async with self.store.transaction() as tx:
                row = await self._row(tx, one)
                bindings = await tx.bindings.of(row.claim_id)
                now = self.clock.now()
                if row.desired.advertised:
                    row = row.prepended(prepend, request_id=OWNER.request_id, now=now)
                else:
                    row = row.announced(
                        bindings[0], prepend=prepend, request_id=OWNER.request_id, now=now
                    )
                await tx.bgp_prefixes.save(row)

    async def withdraw(self, *prefixes: Prefix) -> None:
        """As their owner: each in a transaction of its own."""
        for one in prefixes:
            async with tripping(self.store), self.store.transaction(actor=OWNER) as tx:
                claim_id, _, row_id = self.ids[one]
                claim = await tx.lock_claim(claim_id)
                await advertise(tx, claim.account_id, claim_id, row_id, advertised=False)

    async def desired(self, prefix: Prefix) -> BgpPrefix:
        async with self.store.transaction() as tx:
            claim, _, one = self.ids[prefix]
            return await tx.bgp_prefixes.get(claim, one)

    async def wanted(self) -> set[Prefix]:
        """What owners want announced now."""
        rows = await self.ask("SELECT cidr FROM bgp_prefixes WHERE advertised")
        return {Prefix(ip_network(str(cidr))) for (cidr,) in rows}

    async def ask(self, statement: str, **asked: object) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            rows = await connection.execute(text(statement), asked)
            return [tuple(row) for row in rows]

    async def do(self, statement: str, **asked: object) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), asked)

    async def settled(self) -> bool:
        """Whether every change was seen everywhere."""
        return not await self.ask(
            "SELECT FROM bgp_prefixes WHERE settled < change"
            " AND advertised_modified_at IS NOT NULL LIMIT 1"
        )

    async def alarms(self, kind: str) -> set[str]:
        rows = await self.ask("SELECT subject FROM route_alarms WHERE kind = :kind", kind=kind)
        return {subject for (subject,) in rows}

    async def orphans(self, speaker: str) -> set[Prefix]:
        rows = await self.ask(
            "SELECT cidr FROM orphan_routes WHERE speaker = :speaker", speaker=speaker
        )
        return {Prefix(ip_network(str(cidr))) for (cidr,) in rows}

    async def _row(self, tx: Transaction, prefix: Prefix) -> BgpPrefix:
        claim, _, one = self.ids[prefix]
        await tx.claims.lock(claim)
        return await tx.bgp_prefixes.get(claim, one)


KNOWN = "INSERT INTO speaker_records (speaker) VALUES (:speaker) ON CONFLICT DO NOTHING"
_ADD = (
    """
    INSERT INTO accounts (id, name, prefix_quota, created_at)
    VALUES (:account, 'Fleet', 100000, now()) ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO services (id, name, default_only, created_at)
    VALUES ('00000000-0000-0000-0000-0000000000bb', 'Fleet CDN', false, now())
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO prefixes (id, account_id, cidr, asn, description, delegate_loa_creation,
        created_at, modified_at, state, standing, approved_at, approved_by, irr_state, rpki_state,
        ownership_state, ownership_passed_at, findings, irr_waived, other_origins, version)
    SELECT claim, :account, cidr, 64500, '', false, now(), now(), 'approved', 'ok', now(),
        'checks', 'pending', 'pending', 'valid', now(), '{}', false, '[]', 1
    FROM unnest(CAST(:cidrs AS cidr[]), CAST(:claims AS uuid[])) AS t (cidr, claim)
    """,
    """
    INSERT INTO bindings (id, prefix_id, prefix_cidr, cidr, service_id, answering_service_id,
        state, created_at)
    SELECT binding, claim, cidr, cidr, '00000000-0000-0000-0000-0000000000bb',
        '00000000-0000-0000-0000-0000000000bb', 'active', now()
    FROM unnest(CAST(:cidrs AS cidr[]), CAST(:claims AS uuid[]), CAST(:bindings AS uuid[]))
        AS t (cidr, claim, binding)
    """,
    """
    INSERT INTO bgp_prefixes (id, prefix_id, prefix_cidr, cidr, asn, prepend, advertised,
        advertised_modified_at, change, request_id, binding_id, locked, created_at, modified_at)
    SELECT id, claim, cidr, cidr, 64500, 0, :advertised, CASE WHEN :advertised THEN now() END,
        CASE WHEN :advertised THEN 2 ELSE 1 END, 'added',
        CASE WHEN :advertised THEN binding END, false, now(), now()
    FROM unnest(CAST(:cidrs AS cidr[]), CAST(:claims AS uuid[]), CAST(:bindings AS uuid[]),
        CAST(:ids AS uuid[])) AS t (cidr, claim, binding, id)
    """,
)


def speaker(name: str) -> FakeSpeaker:
    """A twin with one session, administratively down at each start."""
    return FakeSpeaker(name, OURS, [Neighbour(PEER, Asn(64501), False, False)])  # noqa: FBT003


def path(prefix: Prefix, prepend: int = 0) -> Path:
    """As a speaker of our own AS holds it."""
    hop = MARKING.next_hop4 if prefix.family == 4 else MARKING.next_hop6
    assert hop is not None
    return Path(prefix, (OURS,) * prepend, hop)


async def know(fleet: Fleet, *speakers: str) -> None:
    """Have it on record that they held nothing, so that they come up by themselves."""
    for one in speakers:
        await fleet.do(KNOWN, speaker=one)


@asynccontextmanager
async def reconciling(
    fleet: Fleet,
    *speakers: Speaker,
    listeners: Sequence[Listener] = (),
    stages: Sequence[int] | None = None,
    pace: Pace = QUICK,
    store: Store | None = None,
    attributes: PathAttributes = MARKING,
    lease: float = LEASE,
    known: bool = True,
    only_proposes: bool = False,
    silent_after: float = 0,
) -> AsyncIterator[None]:
    """A reconciler at work; each speaker is a stage of its own unless told otherwise.

    Speakers that it meets for the first time are known to hold nothing, unless told otherwise. Its
    settings are in force from the beginning, unless it only proposes them. With `silent_after` no
    process watches, which it notices after so many seconds.
    """
    if known:
        await know(fleet, *(one.name for one in speakers))
    numbers = stages or range(1, len(speakers) + 1)
    entries = proposal(speakers, numbers, attributes)
    if not only_proposes:
        await enforce(fleet.store, fleet.routes, entries)
    url = fleet.engine.url.render_as_string(hide_password=False)
    reconciler = Reconciler(
        LeaderElection(url, lease),
        fleet.routes,
        store or fleet.store,
        fleet.clock,
        entries,
        connecting(*speakers),
        listeners,
        pace,
        silent_after=silent_after or 15.0,
    )
    leading = reconciler.leading
    watcher = Watcher(
        WatchElection(url, lease, lambda: OF_LEADER if leading.is_set() else OF_WORKER),
        fleet.routes,
        reconciler.store,
        entries,
        connecting(*speakers),
        listeners,
        pace,
    )
    parts: list[Reconciler | Watcher] = [reconciler, *([] if silent_after else [watcher])]
    tasks = [asyncio.create_task(each.run()) for each in parts]
    try:
        yield
        for task in tasks:
            if task.done():
                await task
    finally:
        await asyncio.gather(*(ended(one, patience=2) for one in tasks), return_exceptions=True)


async def until(true: Callable[[], bool | Awaitable[bool]], *, seconds: float = 120) -> None:
    """Return once it holds; fail when time is up: much later than on any machine that is well."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        found = true()
        if found if isinstance(found, bool) else await found:
            return
        assert loop.time() < deadline, f"not so within {seconds} s"
        await asyncio.sleep(0.01)


async def looks(*speakers: FakeSpeaker, count: int = 3) -> None:
    """Return after so many more looks at all that each speaker holds."""
    wanted = [one.calls("held") + count for one in speakers]
    await until(
        lambda: all(one.calls("held") >= n for one, n in zip(speakers, wanted, strict=True))
    )


def listener(*speakers: FakeSpeaker) -> FakeListener:
    """Hears all of them."""
    return FakeListener(speakers, address=PEER)
