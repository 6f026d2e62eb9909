"""Trust, 4.5: neither metrics nor a customer's request counts rows."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import TooManyClaims
from byoip.store.engine import PoolSize, make_engine
from byoip.store.figures import fold_figures
from byoip.store.gauges import Gauges
from byoip.store.transaction import Store
from byoip.usecases.checks import request_validation
from byoip.usecases.claims import prefixes
from tests.many_routes import add_routes, ipv4
from tests.store.samples import BY
from tests.store.samples import run as new_run
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import remove
from tests.usecases.verbs import Verb
from tests.usecases.world import ORIGIN, World

__all__ = ["world", "world_engine"]  # fixtures

MANY = 3000
FEW = 100

# What the figures say, counted the slow way.
COUNTED = {
    "byoip_prefixes_approved": "SELECT '', count(*) FROM prefixes WHERE state = 'approved'",
    "byoip_prefixes_not_ok": "SELECT standing, count(*) FROM prefixes"
    " WHERE live AND standing <> 'ok' GROUP BY 1",
    "byoip_origin_drifts": "SELECT validity, count(*) FROM origin_drifts GROUP BY 1",
    "byoip_validation_runs_open": "SELECT state, count(*) FROM validation_runs"
    " WHERE state IN ('scheduled', 'running') GROUP BY 1",
    "byoip_bindings_provisioning": "SELECT '', count(*) FROM bindings WHERE settled < change",
    "byoip_routes_desired": "SELECT '', count(*) FROM bgp_prefixes WHERE advertised",
    "byoip_routes_applied": "SELECT speaker, count(*) FROM applied_routes"
    " WHERE advertised GROUP BY 1",
    "byoip_routes_observed": "SELECT seen_by, count(*) FROM observed_routes"
    " WHERE advertised GROUP BY 1",
    "byoip_routes_unsettled": "SELECT '', count(*) FROM bgp_prefixes"
    " WHERE settled < change AND advertised_modified_at IS NOT NULL",
    "byoip_route_alarms": "SELECT kind, count(*) FROM route_alarms GROUP BY 1",
    "byoip_orphan_routes": "SELECT speaker, count(*) FROM orphan_routes GROUP BY 1",
    "byoip_withdrawals": "SELECT source, count(*) FROM withdrawals GROUP BY 1",
    "byoip_offboardings_open": "SELECT step, count(*) FROM offboardings WHERE live GROUP BY 1",
    "byoip_offboardings_parked": "SELECT '', count(*) FROM offboardings"
    " WHERE live AND parked_by IS NOT NULL",
    "byoip_jobs": "SELECT status::text, count(*) FROM procrastinate.procrastinate_jobs GROUP BY 1",
}

# Rows of the counted tables come, change and go.
FILL = """
    INSERT INTO validation_runs
        (id, prefix_id, trigger, state, created_at, due_at, attempt, retries)
        SELECT gen_random_uuid(), id, 'customer', 'scheduled', now(), now(), 0, 0 FROM prefixes;
    INSERT INTO origin_drifts SELECT id, cidr, 'invalid', 1, now() FROM prefixes;
    INSERT INTO applied_routes SELECT 'gobgp', id, true, true, 1, now() FROM bgp_prefixes;
    INSERT INTO observed_routes SELECT id, 'bird', true, false, now() - interval '1 hour'
        FROM bgp_prefixes;
    INSERT INTO route_alarms (kind, subject, detail, since)
        SELECT 'lost', cidr::text, '', now() FROM prefixes;
    INSERT INTO orphan_routes (speaker, cidr, path, found_at, seen_at)
        SELECT 'gobgp', cidr, '{}', now(), now() FROM prefixes;
    INSERT INTO procrastinate.procrastinate_jobs (queue_name, task_name)
        SELECT 'default', 'run_validation' FROM prefixes;
"""
CHANGE = """
    UPDATE validation_runs SET state = 'cancelled', finished_at = now() WHERE attempt = 0
        AND id < '80000000-0000-0000-0000-000000000000';
    UPDATE origin_drifts SET validity = 'not_found' WHERE masklen(cidr) = 24;
    UPDATE applied_routes SET advertised = false;
    UPDATE prefixes SET standing = 'suspended' WHERE id < '80000000-0000-0000-0000-000000000000';
    DELETE FROM route_alarms; DELETE FROM orphan_routes;
    UPDATE procrastinate.procrastinate_jobs SET status = 'doing';
"""


@dataclass
class Service:
    """A database, as metrics and customers meet it."""

    world: World
    url: str

    def execute(self, statements_: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(b"SET search_path = public, procrastinate")
            connection.execute(statements_.encode())

    async def told(self) -> dict[str, dict[str, float]]:
        read = await Gauges(self.world.engine).read()
        return {
            one.name: {label: value for label, value in one.values if value}
            for one in read
            if one.name in COUNTED
        }

    def counted(self) -> dict[str, dict[str, float]]:
        with psycopg.connect(self.url) as connection:
            return {
                name: {
                    label: float(value)
                    for label, value in connection.execute(query.encode())
                    if value
                }
                for name, query in COUNTED.items()
            }

    async def rows_read(self, work: Callable[[AsyncEngine], Awaitable[object]]) -> int:
        """How many rows and index entries Postgres reads for it, by its own statistics."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")  # as autovacuum does
        engine = make_engine(self.url, pool=PoolSize(kept=1, more=0))
        before = self._read_so_far()
        async with engine.begin() as connection:
            # A table of some thousand rows is read whole, and one of a million is not.
            await connection.exec_driver_sql("SET enable_seqscan = off")
            await connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        await work(engine)
        async with engine.begin() as connection:
            await connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        await engine.dispose()
        return self._read_so_far() - before

    def _read_so_far(self) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables)"
                " + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)"
            ).fetchone()
        assert row is not None
        return int(row[0])

    async def open_run(self, account_id: UUID, cidr: str) -> int:
        """The priority of the job that is enqueued for it."""
        claim = await self.world.claim(cidr, account_id=account_id)
        await self.world.request(claim)
        async with self.world.engine.connect() as connection:
            found = await connection.scalar(
                sa.text("SELECT priority FROM procrastinate.procrastinate_jobs ORDER BY id DESC")
            )
        return int(str(found))


@pytest.fixture
def service(world: World, database_url: str) -> Service:
    return Service(world, database_url)


async def test_what_metrics_tell_is_what_the_tables_hold(service: Service) -> None:
    add_routes(service.url, ipv4(40), accounts=2, advertised=True)
    assert await service.told() == service.counted()
    service.execute(FILL)
    assert (await service.told())["byoip_jobs"] == {"todo": 40.0}
    assert await service.told() == service.counted()
    assert await fold_figures(service.world.engine, page=5) > 5
    service.execute(CHANGE)
    assert await service.told() == service.counted()
    await fold_figures(service.world.engine)
    assert await service.told() == service.counted()


async def test_what_is_rolled_back_is_not_counted(service: Service) -> None:
    add_routes(service.url, ipv4(10))
    before = await service.told()
    with psycopg.connect(service.url) as connection:
        connection.execute(b"SET search_path = public, procrastinate")
        connection.execute(FILL.encode())
        connection.rollback()
    assert await service.told() == before


async def test_metrics_do_not_grow_with_the_tables(service: Service) -> None:
    add_routes(service.url, ipv4(MANY), advertised=True)
    service.execute(FILL)
    await fold_figures(service.world.engine)
    read = await service.rows_read(lambda engine: Gauges(engine).read())
    assert 0 < read < FEW


async def test_writers_of_one_figure_do_not_wait_for_each_other(service: Service) -> None:
    """Two accounts' prefixes, two transactions that are open at the same time."""
    first, second = [await service.world.new_account() for _ in range(2)]
    async with service.world.store.transaction() as one:
        await one.session.driver.execute("SET LOCAL lock_timeout = '1s'")
        kept = await service.world.claim("31.0.0.0/24", account_id=first)
        await one.runs.open(new_run(kept))
        async with asyncio.timeout(60):
            await service.open_run(second, "31.0.1.0/24")
            await fold_figures(service.world.engine)
    assert (await service.told())["byoip_validation_runs_open"] == {"scheduled": 2.0}


@pytest.mark.parametrize("of_others", [False, True])
async def test_asking_for_validation_does_not_grow_with_open_runs(
    service: Service, *, of_others: bool
) -> None:
    world = service.world
    (route, *_) = add_routes(service.url, ipv4(MANY))
    service.execute(FILL)
    account = await world.new_account() if of_others else route.owner.account_id
    claim = await world.claim("31.0.0.0/24", account_id=account)

    async def ask(engine: AsyncEngine) -> None:
        verb = Verb(Store(engine, world.clock), request_validation.request_validation)
        await verb(account, claim.id, by=BY)

    assert 0 < await service.rows_read(ask) < FEW


async def test_claiming_a_prefix_does_not_grow_with_the_accounts_prefixes(
    service: Service,
) -> None:
    (route, *_) = add_routes(service.url, ipv4(MANY))
    account = route.owner.account_id

    async def ask(engine: AsyncEngine) -> None:
        verb = Verb(
            Store(engine, service.world.clock),
            partial(prefixes.submit, terms=service.world.terms),
        )
        await verb(
            account,
            cidr="31.0.0.0/24",
            asn=ORIGIN.number,
            description="",
            delegate_loa_creation=False,
            by=BY,
        )

    assert 0 < await service.rows_read(ask) < FEW


async def test_the_quota_is_exact_for_requests_at_once_and_after_removals(
    service: Service,
) -> None:
    world = service.world
    account = await world.new_account(quota=3)
    cidrs = [f"31.0.{n}.0/24" for n in range(8)]
    tried = await asyncio.gather(
        *(world.claim(one, account_id=account) for one in cidrs), return_exceptions=True
    )
    claims = [one for one in tried if not isinstance(one, BaseException)]
    assert len(claims) == 3
    assert sum(isinstance(one, TooManyClaims) for one in tried) == 5
    await remove(world, claims[0])
    await world.claim("31.9.0.0/24", account_id=account)
    with pytest.raises(TooManyClaims):
        await world.claim("31.9.1.0/24", account_id=account)


async def test_the_more_open_runs_an_account_has_the_later_they_come(service: Service) -> None:
    bulk, small = [await service.world.new_account() for _ in range(2)]
    of_bulk = [await service.open_run(bulk, f"31.0.{n}.0/24") for n in range(3)]
    assert of_bulk == sorted(of_bulk, reverse=True)
    assert len(set(of_bulk)) == 3
    assert await service.open_run(small, "31.9.0.0/24") == of_bulk[0]
