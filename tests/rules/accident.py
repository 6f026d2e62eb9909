"""20 February 2026 again: the fleet as it was, and the clean-up job with the bug that it had."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.errors import Refusal
from byoip.domain.history import Actor
from byoip.domain.routes.breaker import Ceilings, Source
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreRefused
from byoip.usecases.routes.withdraw import tripping, withdraw
from tests.many_routes import OwnedRoute
from tests.store.samples import SetClock

FLEET = 4306
ACCOUNTS = 43
JOB = "clean_up"
NO_CEILING = Ceilings(10**6, 10**6, 10**6, 1.0, 10**6)


@dataclass
class Accident:
    """4,306 routes on the Internet, and short ways to try to take them down."""

    engine: AsyncEngine
    url: str
    routes: list[OwnedRoute] = field(repr=False)  # pytest's runner writes it, and it is long
    ceilings: Ceilings = field(default_factory=Ceilings)
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self) -> None:
        self.store = Store(self.engine, self.clock, self.ceilings)

    @property
    def of_one_account(self) -> list[OwnedRoute]:
        """The first account's."""
        return [one for one in self.routes if one.owner == self.routes[0].owner]

    async def up(self) -> int:
        """How many are wanted on the Internet, and answered by a default binding."""
        return await self._one(_UP)

    async def unharmed(self) -> bool:
        """Nothing was withdrawn, unbound or closed, and no withdrawal was asked for."""
        return (await self.up(), await self._one(_LEDGER)) == (FLEET, 0)

    async def _one(self, query: str) -> int:
        async with self.engine.connect() as connection:
            return int((await connection.execute(text(query))).scalar_one())

    def sql(self, *statements: str) -> None:
        """As the database's superuser."""
        with psycopg.connect(self.url) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    async def take_down(
        self,
        route: OwnedRoute,
        *,
        source: Source = Source.JOB,
        run: str = "run-1",
        request_id: str = "job-1",
    ) -> int:
        """What the job does with a row once nothing but the breaker is in its way."""
        by = Actor("worker", request_id)
        async with tripping(self.store), self.store.transaction(actor=by) as tx:
            await tx.claims.lock(route.claim_id)
            row = await tx.bgp_prefixes.get(route.claim_id, route.bgp_prefix_id)
            job = JOB if source is Source.JOB else ""
            await withdraw(tx, row, source=source, job=job, run=run)
        return 1


_LEDGER = "SELECT count(*) FROM withdrawals"
_UP = """
SELECT count(*) FROM bgp_prefixes r
JOIN prefixes p ON p.id = r.prefix_id AND p.live AND p.state = 'approved' AND p.standing = 'ok'
JOIN bindings b ON b.id = r.binding_id AND b.live AND b.is_default AND b.prefix_id = p.id
WHERE r.live AND r.advertised
"""


async def clean_up(
    queued: Iterable[OwnedRoute], act: Callable[[OwnedRoute], Awaitable[int]]
) -> int:
    """Take any row for queued, act on it, and go on whatever happens; how many went."""
    done = 0
    for row in queued:
        try:
            done += await act(row)
        except (Refusal, StoreRefused, psycopg.Error):
            continue
    return done
