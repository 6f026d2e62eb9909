"""Trust, 3.2: a mass loss of ROAs is recorded, since no transaction judges more than a page."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from byoip.store.checks.drifts import REEVALUATE
from byoip.store.statements import compiled
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims
from tests.many_routes import ORIGIN, add_routes, ipv4
from tests.trust.plans import rows_touched
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import WORKER, World

__all__ = ["world", "world_engine"]  # fixtures

ROUTES = 100
PAGE = 15
AWAY = {"prefix": "30.0.0.0/8", "asn": ORIGIN, "maxLength": 8, "ta": "ripe"}
HOME = {"prefix": "20.0.0.0/8", "asn": ORIGIN, "maxLength": 24, "ta": "ripe"}


@dataclass
class Estate:
    """Approved routes of several accounts, and a worker that judges them in pages."""

    world: World
    url: str

    async def judged(self, most: int = 1000) -> list[int]:
        """How many routes of each page have drifted or recovered; at most so many pages."""
        found: list[int] = []
        async for one in ReevaluateClaims(self.world.store, self.world.clock, PAGE).pages(
            by=WORKER
        ):
            found.append(len(one.drifts))
            if len(found) == most:
                break
        return found

    def asked(self, statement: bytes) -> list[int]:
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute(statement)]

    def drifts(self) -> int:
        return self.asked(b"SELECT count(*) FROM origin_drifts")[0]


@pytest.fixture
def estate(world: World, database_url: str) -> Estate:
    add_routes(database_url, ipv4(ROUTES), accounts=3)
    return Estate(world, database_url)


async def test_all_routes_drift_and_no_transaction_has_more_than_a_page(estate: Estate) -> None:
    await estate.world.roas(AWAY)
    pages = await estate.judged()
    assert sum(pages) == estate.drifts() == ROUTES
    assert len(pages) == ROUTES // PAGE + 1
    in_one_transaction = (
        b"SELECT max(many) FROM (SELECT count(*) AS many FROM %s GROUP BY xmin::text) AS written"
    )
    for table in (b"origin_drifts", b"events"):
        assert estate.asked(in_one_transaction % table) == [PAGE]
    assert estate.asked(b"SELECT count(*) FROM events WHERE kind = 'rpki.drifted'") == [ROUTES]


async def test_all_routes_recover_in_pages(estate: Estate) -> None:
    await estate.world.roas(AWAY)
    await estate.judged()
    await estate.world.roas(HOME)
    assert max(await estate.judged()) == PAGE
    assert estate.drifts() == 0


async def test_a_worker_that_dies_is_followed_by_one_that_goes_on(estate: Estate) -> None:
    await estate.world.roas(AWAY)
    assert await estate.judged(most=2) == [PAGE, PAGE]
    assert estate.drifts() == 2 * PAGE
    following = await estate.judged()
    assert (len(following), sum(following)) == (ROUTES // PAGE - 1, ROUTES - 2 * PAGE)
    assert await estate.judged() == []


async def test_routes_within_prefixes_are_judged_with_them(world: World, database_url: str) -> None:
    """A page ends at the same route for prefixes and for routes within them: none is skipped."""
    add_routes(database_url, [f"20.0.{number * 2}.0/23" for number in range(40)])
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO bgp_prefixes (id, prefix_id, prefix_cidr, cidr, asn, prepend, advertised,"
            " change, request_id, locked, created_at, modified_at) SELECT gen_random_uuid(),"
            " prefix_id, prefix_cidr, set_masklen(cidr, 24), asn, 0, false, 1, 'added', false,"
            " now(), now() FROM bgp_prefixes"
        )
    await world.roas(AWAY)
    assert sum(await Estate(world, database_url).judged()) == 80


async def test_a_newer_snapshot_begins_at_the_first_route(estate: Estate) -> None:
    await estate.world.roas(AWAY)
    await estate.judged(most=2)
    await estate.world.roas(HOME)
    assert sum(await estate.judged()) == 2 * PAGE
    assert estate.drifts() == 0


async def test_what_is_no_route_any_more_is_forgotten_in_pages(estate: Estate) -> None:
    await estate.world.roas(AWAY)
    await estate.judged()
    with psycopg.connect(estate.url) as connection:
        connection.execute("UPDATE bgp_prefixes SET removed_at = now()")
        connection.execute(
            "UPDATE prefixes SET state = 'pending', approved_at = NULL, approved_by = NULL,"
            " revoked_at = now(), ownership_state = 'pending'"
        )
    estate.world.clock.advance(timedelta(minutes=10))
    assert await estate.judged(most=1) == [0]
    assert estate.drifts() == ROUTES - PAGE
    await estate.judged()
    assert estate.drifts() == 0


@pytest.mark.parametrize("roa", [AWAY, HOME], ids=["drifting", "valid"])
@pytest.mark.parametrize("advertised", [False, True])
async def test_a_page_of_many_routes_reads_no_more_than_one_of_few(
    world: World, database_url: str, advertised: bool, roa: dict[str, object]
) -> None:
    add_routes(database_url, ipv4(2000), advertised=advertised)
    await world.roas(roa)
    values = {
        "after_prefix": UUID(int=2**127),
        "after_cidr": "0.0.0.0/0",
        "page": PAGE,
        "snapshot": 1,
        "now": world.clock.now(),
        "now_epoch": int(world.clock.now().timestamp()),
    }
    with psycopg.connect(database_url) as connection:
        connection.execute("ANALYZE")
        assert rows_touched(connection, compiled(REEVALUATE).text, values) <= 4 * PAGE
