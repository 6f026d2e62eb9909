"""The whole service on a primary with a standby, as it works: owners write, an edge and customers
follow, a prefix leaves, two speakers announce and a router listens."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, LiteralString
from uuid import uuid4

import httpx
import psycopg

from byoip.adapters.system_clock import SystemClock
from byoip.domain.accounts.credential import OPERATOR_SCOPES, Credential
from byoip.store.engine import make_engine
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.failover.followers import EdgeController, Reader
from tests.failover.owners import Acknowledged, Owners, announce, offboard, planned
from tests.failover.pair import Pair, database_on, pair_of
from tests.failover.wishes import now
from tests.many_routes import OwnedRoute, add_routes, ipv4
from tests.real.announcing import Announcing, announcing_on
from tests.real.edge import eventually
from tests.real.gobgpd import Gobgpd

NAME = "byoip"
_UP, _DOWN = 40, 8
_UNDECIDED: LiteralString = """
    SELECT DISTINCT cidr FROM orphan_routes WHERE decision IS NULL
    UNION
    SELECT b.cidr FROM unreleased_routes u JOIN bgp_prefixes b ON b.id = u.bgp_prefix_id
    WHERE b.change = u.change AND b.advertised
"""
_VERDICTS: LiteralString = """
    SELECT kind FROM operator_events
    WHERE kind IN ('database.failed_over', 'routes.doubted', 'routes.disowned')
"""
_LEFT: LiteralString = """
    SELECT step, (SELECT count(*) FROM bindings b
        WHERE b.prefix_id = o.prefix_id AND b.removed_at IS NULL)
    FROM offboardings o WHERE live AND prefix_id = %s
"""
_NOT_LOOKED_AT: LiteralString = """
    SELECT FROM speakers WHERE asked_at < (SELECT max(at) FROM operator_events
        WHERE kind IN ('database.failed_over', 'routes.doubted', 'routes.disowned'))
"""
_PATIENCE_SECONDS = 120
_LOST: LiteralString = """
    SELECT coalesce(after ->> 'lost', '') FROM operator_events
    WHERE kind IN ('routes.doubted', 'routes.disowned')
"""


@dataclass
class Estate:
    """What a failover happens to.

    Attributes:
        down: those of `routes` that are not announced in the beginning.
        fault_at: when it happened, by the router's clock.
        saved_at: when the dump was begun that is restored later.
        removed: a speaker that was taken out of the settings.
        snapshot: the number of one of before that.
    """

    pair: Pair
    directory: Path
    service: Announcing
    owners: Owners
    edge: EdgeController
    readers: list[Reader]
    leaving: OwnedRoute
    routes: list[OwnedRoute]
    down: list[OwnedRoute]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    fault_at: datetime = field(default_factory=now)
    saved_at: datetime = field(default_factory=now)
    removed: Gobgpd | None = None
    snapshot: int = 0

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """In the background; what it fails by is raised by `check`."""
        task = asyncio.create_task(work)
        self.tasks.append(task)
        return task

    def check(self) -> None:
        for task in self.tasks:
            if task.done():
                task.result()

    async def until_left(self, writes: int) -> None:
        """Return once owners have no more than so many writes to send."""
        while len(self.owners.plan) > writes:
            self.check()
            await asyncio.sleep(0.02)

    async def start_leaving(self) -> None:
        await self.owners.send(offboard(self.leaving))

    async def fault(self, work: Awaitable[None]) -> None:
        """Let it happen, and note when."""
        self.fault_at = now()
        await work

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.service.database_url) as connection:
            return connection.execute(query, values).fetchall()

    def written_since(self) -> list[Acknowledged]:
        """What was sent after it happened."""
        return [one for one in self.owners.written if one.sent > self.fault_at]

    def missing(self) -> set[str]:
        """Requests that were acknowledged, and left nothing in the histories."""
        there = {request for (request,) in self.rows("SELECT DISTINCT request_id FROM events")}
        return {one.request for one in self.owners.written if one.changed} - there

    def named_lost(self) -> set[str]:
        """Requests that operators are told are lost."""
        return {name for (said,) in self.rows(_LOST) for name in re.findall(r"owner-\d+", said)}

    def undecided(self) -> set[str]:
        """What waits for a person: up and not wanted, or wanted and not announced."""
        return {str(cidr) for (cidr,) in self.rows(_UNDECIDED)}

    async def put_right(self) -> None:
        """As the runbook says: owners repeat what is lost, or was not carried out.

        What a speaker holds and no row wants is known once it has been looked at.
        """

        async def looked_at() -> bool:
            return not self.rows(_NOT_LOOKED_AT)

        await eventually(looked_at, seconds=_PATIENCE_SECONDS)
        lost = self.missing()
        again = [one.write for one in self.owners.written if one.request in lost]
        await self.owners.send(*again)
        undecided, wanted = self.undecided(), self.service.wanted
        await self.owners.send(
            *(announce(one, up=one.cidr in wanted) for one in self.routes if one.cidr in undecided)
        )
        if self.rows("SELECT FROM job_switches WHERE stopped"):
            await self.service.fleet.byoip(
                "kill-switch", "start", "offboard", "--reason", "compared, case 4711"
            )

    async def accept_what_is_gone(self) -> None:
        """As the runbook says of `no_longer_held`, once owners have said what they want.

        A withdrawal that was accepted before the verdict counts as the older database's word there.
        """
        for (name,) in self.rows("SELECT subject FROM route_alarms WHERE kind = 'no_longer_held'"):
            path, body = f"/operator/routes/speakers/{name}/open", {"reason": "case 4711"}
            answer = await self.edge.ask("POST", path, json=body)
            assert answer is not None
            assert answer.is_success, answer.text

    async def until_judged(self, verdicts: frozenset[str]) -> set[str]:
        """What operators read in their history: one of these, if any; and no other."""

        async def said() -> bool:
            return bool(self.verdicts()) or not verdicts

        await eventually(said, seconds=_PATIENCE_SECONDS)
        found = self.verdicts()
        assert found <= verdicts, found
        assert len(found) <= 1, found
        return found

    def verdicts(self) -> set[str]:
        return {kind for (kind,) in self.rows(_VERDICTS)}

    def alarms(self) -> list[tuple[str, str]]:
        """Their kinds, and what they say."""
        return [(kind, said) for kind, said in self.rows("SELECT kind, detail FROM route_alarms")]

    async def until_alarms_are(self, allowed: frozenset[str]) -> None:
        """Return once there are none but these."""
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while odd := [one for one in self.alarms() if one[0] not in allowed]:
            assert time.monotonic() < give_up, odd
            await asyncio.sleep(1)

    async def until_offboarded(self) -> None:
        """Return once what leaves is in its grace, with nothing bound."""

        async def left() -> bool:
            return self.rows(_LEFT, self.leaving.claim_id) == [("grace", 0)]

        await eventually(left, seconds=_PATIENCE_SECONDS)

    async def until_followed(self) -> None:
        """Return once the edge has what is bound, and customers all events."""

        async def edge() -> bool:
            return await self.edge.state() == self.edge.bound

        await eventually(edge, seconds=_PATIENCE_SECONDS)
        for reader in self.readers:
            self.check()

            async def all_read(reader: Reader = reader) -> bool:
                return await reader.missed() == []

            await eventually(all_read, seconds=_PATIENCE_SECONDS)


@asynccontextmanager
async def estate(directory: Path, major: int | None) -> AsyncIterator[Estate]:
    """Everything is up, all that shall be announced is, and nothing is written yet."""
    async with AsyncExitStack() as stack:
        pair = stack.enter_context(pair_of(major))
        url = stack.enter_context(database_on(pair, NAME))
        service = await stack.enter_async_context(
            announcing_on(
                f"{url}?target_session_attrs=read-write&connect_timeout=2",
                directory,
                graceful=True,
                BYOIP_MEMORY_DIR=str(directory / "memory"),
            )
        )
        made = await _furnish(pair, directory, service, stack)
        try:
            yield made
        finally:
            for task in made.tasks:
                task.cancel()
            await asyncio.gather(*made.tasks, return_exceptions=True)


async def _furnish(
    pair: Pair, directory: Path, service: Announcing, stack: AsyncExitStack
) -> Estate:
    database = service.database_url
    up = add_routes(database, ipv4(_UP), accounts=4, advertised=True)
    down = add_routes(database, ipv4(_UP + _DOWN)[_UP:], accounts=1)
    (leaving,) = add_routes(database, ipv4(_UP + _DOWN + 1)[-1:], advertised=True)
    operator = await operator_of(database)
    owners = Owners(service)
    owners.have_announced([*up, leaving])
    await service.start()
    http = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
    edge = EdgeController(service, operator, http)
    await edge.register()
    readers = [Reader.of(service, one.owner, http) for one in (up[0], up[1], down[0])]
    other = service.one("SELECT id FROM services WHERE NOT default_only ORDER BY name LIMIT 1").hex
    owners.plan = planned(up, down, other)
    routes = [*up, *down, leaving]
    made = Estate(pair, directory, service, owners, edge, readers, leaving, routes, down)
    made.run(edge.follow(edge.step))
    for reader in readers:
        made.run(reader.follow(reader.step))
    await service.until_everything_is_as_wanted()
    return made


async def operator_of(database_url: str) -> str:
    """A token with all that operators and edges may."""
    engine, token = make_engine(database_url), token_hex(20)
    credential = Credential(uuid4(), None, "matrix", OPERATOR_SCOPES, datetime.now(UTC))
    await Accounts(Store(engine, SystemClock())).add_credential(credential, token)
    await engine.dispose()
    return token
