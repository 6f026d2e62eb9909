"""Time 4.2: a snapshot excludes the origins of many routes at once; they are told page by page."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import text

from byoip.store.routes.excluded import KIND, ExcludedRoutes
from byoip.store.speakers.routes import Routes
from byoip.usecases.jobs.isolate_rows import RowsFailed
from byoip.usecases.routes.watch_origins import WatchOrigins
from tests.announcing import until
from tests.asns.numbers import Numbers, aspa
from tests.counting import counted
from tests.many_routes import OwnedRoute, add_routes, ipv4
from tests.usecases.world import ORIGIN

MANY, PAGE = 70, 20
FIRST = 70_000  # its origins: one for each route
BEHIND = """
    SET session_replication_role = replica;
    UPDATE bgp_prefixes AS b SET behind = 64500, asn = {first} + placed.place FROM (
        SELECT id, row_number() OVER (ORDER BY cidr) - 1 AS place FROM bgp_prefixes
    ) AS placed WHERE placed.id = b.id
"""
TOLD = "SELECT prefix_id, xmin::text AS tx FROM events WHERE kind = :kind"
ALARMS = "SELECT subject, xmin::text AS tx FROM route_alarms WHERE kind = :kind"
EXCLUDES, RECOVERED = "aspa.excludes_operator", "aspa.recovered"
# Of a page: read; what is known of its origins. Then: alone; alarms; claims locked; events.
READING, RECORDING = 2, 4


@pytest.fixture
def routes(numbers: Numbers, restored_url: str) -> list[OwnedRoute]:
    """Each behind the operator's AS, with an origin of its own, of 7 accounts."""
    del numbers
    made = add_routes(restored_url, ipv4(MANY), accounts=7, advertised=True)
    with psycopg.connect(restored_url) as connection:
        connection.execute(BEHIND.format(first=FIRST).encode())
    return made


async def exclude(numbers: Numbers, *, listed: int = 3257) -> None:
    """Their ASPAs list this AS alone."""
    await numbers.snapshot(*(aspa(listed, customer=FIRST + one) for one in range(MANY)))


async def look(numbers: Numbers, page: int = PAGE) -> None:
    await WatchOrigins(numbers.rules, Routes(numbers.engine), numbers.clock, {ORIGIN}, page)()


async def kept(numbers: Numbers, sql: str, kind: str) -> list[tuple[str, str]]:
    async with numbers.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(sql), {"kind": kind})]


async def told(numbers: Numbers, kind: str = EXCLUDES) -> Counter[str]:
    """How often each claim was told."""
    return Counter(str(claim) for claim, _ in await kept(numbers, TOLD, kind))


def most_in_one(rows: list[tuple[str, str]]) -> int:
    """The most rows that one transaction has written."""
    return max(Counter(tx for _, tx in rows).values())


@pytest.mark.parametrize("page", [PAGE, 2 * PAGE])
async def test_a_transaction_tells_one_page_by_the_same_statements_however_many_rows(
    numbers: Numbers, routes: list[OwnedRoute], monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    await exclude(numbers)
    pages = -(-MANY // page)
    with counted(monkeypatch) as asked:
        await look(numbers, page)
    assert most_in_one(await kept(numbers, TOLD, EXCLUDES)) == page
    assert most_in_one(await kept(numbers, ALARMS, KIND)) == page
    assert await told(numbers) == dict.fromkeys((str(one.claim_id) for one in routes), 1)
    ours = [one for one in asked if "system_identifier" not in one]
    foreign, last_look = 2, 1
    assert len(ours) == foreign + pages * (READING + RECORDING) + last_look, "\n".join(ours)

    await exclude(numbers, listed=ORIGIN.number)
    with counted(monkeypatch) as asked:
        await look(numbers, page)
    assert most_in_one(await kept(numbers, TOLD, RECOVERED)) == page
    assert await told(numbers, RECOVERED) == await told(numbers)
    assert await kept(numbers, ALARMS, KIND) == []
    ours = [one for one in asked if "system_identifier" not in one]
    assert len(ours) == foreign + last_look + pages * (READING + RECORDING), "\n".join(ours)


async def test_all_is_judged_before_a_claim_is_locked(
    numbers: Numbers, routes: list[OwnedRoute], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner's write under way holds up the page that tells of it, no reading."""
    await exclude(numbers)
    one = min(routes, key=lambda route: route.bgp_prefix_id)
    async with numbers.engine.begin() as owner:
        await owner.execute(
            text("SELECT FROM prefixes WHERE id = :id FOR UPDATE"), {"id": one.claim_id}
        )
        with counted(monkeypatch) as asked:
            looking = asyncio.create_task(look(numbers))

            async def waits() -> bool:
                return any("FROM prefixes WHERE id = ANY" in one for one in asked)

            await until(waits)
            assert sum("SELECT asked.asn" in one for one in asked) == 1, "of its page"
            async with numbers.engine.begin() as other:  # of the page after it
                last = max(routes, key=lambda route: route.bgp_prefix_id)
                await other.execute(
                    text("SELECT FROM prefixes WHERE id = :id FOR UPDATE NOWAIT"),
                    {"id": last.claim_id},
                )
            assert not looking.done()
    await looking
    assert len(await told(numbers)) == MANY


async def test_one_whose_data_cannot_be_read_fails_alone(
    numbers: Numbers, routes: list[OwnedRoute], caplog: pytest.LogCaptureFixture
) -> None:
    await exclude(numbers)
    async with numbers.engine.begin() as connection:
        await connection.execute(
            text("UPDATE aspas SET providers = '{-1}' WHERE customer = :one"), {"one": FIRST}
        )
    bad = routes[0]
    for _ in range(2):
        caplog.clear()
        with pytest.raises(RowsFailed) as failed:
            await look(numbers)
        assert failed.value.rows == (bad.bgp_prefix_id,)
        assert f"row {bad.bgp_prefix_id.hex} failed" in caplog.text
    assert await told(numbers) == dict.fromkeys((str(one.claim_id) for one in routes[1:]), 1)


REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE check_violation USING MESSAGE = 'planted'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW
        WHEN (NEW.prefix_id = '{id}') EXECUTE FUNCTION refuse()
"""


@contextmanager
def refusing(url: str, route: OwnedRoute) -> Iterator[None]:
    """The database refuses what is told of this one."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(REFUSE.format(id=route.claim_id).encode())
        try:
            yield
        finally:
            connection.execute("DROP TRIGGER refuse ON events; DROP FUNCTION refuse")


async def test_one_that_the_database_refuses_fails_alone_as_its_alarm_begins_and_ends(
    numbers: Numbers, routes: list[OwnedRoute], restored_url: str
) -> None:
    bad = routes[0]
    for listed, kind in ((3257, EXCLUDES), (ORIGIN.number, RECOVERED)):
        await exclude(numbers, listed=listed)
        with refusing(restored_url, bad), pytest.raises(RowsFailed) as failed:
            await look(numbers)
        assert failed.value.rows == (bad.bgp_prefix_id,)
        others = dict.fromkeys((str(one.claim_id) for one in routes[1:]), 1)
        assert await told(numbers, kind) == others
        await look(numbers)
        assert await told(numbers, kind) == {**others, str(bad.claim_id): 1}, "once it is mended"


async def test_a_subject_that_is_no_id_of_a_route_costs_no_other(
    numbers: Numbers, routes: list[OwnedRoute]
) -> None:
    await exclude(numbers)
    async with numbers.engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO route_alarms VALUES (:kind, 'no id', '', now())"), {"kind": KIND}
        )
    await look(numbers)
    assert {one for one, _ in await kept(numbers, ALARMS, KIND)} == {
        one.bgp_prefix_id.hex for one in routes
    }


class _Died(BaseException):
    """The process ends."""


@pytest.mark.parametrize("after", [1, 2, 3])
async def test_a_run_goes_on_where_one_that_died_between_pages_came_to(
    numbers: Numbers, routes: list[OwnedRoute], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    stand, end, begun = ExcludedRoutes.stand, ExcludedRoutes.end, 0

    def dying(write: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def writes(*asked: object) -> object:
            nonlocal begun
            begun += 1
            done = await write(*asked)
            if begun > after:
                raise _Died
            return done

        return writes

    for listed, kind in ((3257, EXCLUDES), (ORIGIN.number, RECOVERED)):
        await exclude(numbers, listed=listed)
        begun = 0
        with monkeypatch.context() as patched:
            patched.setattr(ExcludedRoutes, "stand", dying(stand))
            patched.setattr(ExcludedRoutes, "end", dying(end))
            with pytest.raises(_Died):
                await look(numbers)
        assert sum((await told(numbers, kind)).values()) == after * PAGE
        await look(numbers)
        assert await told(numbers, kind) == dict.fromkeys((str(one.claim_id) for one in routes), 1)


async def test_of_two_workers_one_records_and_the_other_waits_for_nothing(
    numbers: Numbers, routes: list[OwnedRoute]
) -> None:
    await exclude(numbers)
    async with numbers.rules.transaction() as tx:
        assert await ExcludedRoutes(tx.session).alone()
        async with asyncio.timeout(10):
            await look(numbers)
        assert await told(numbers) == {}
    await asyncio.gather(*(look(numbers) for _ in range(4)))
    await look(numbers)  # where the one that recorded met another, the next minute's run does
    assert await told(numbers) == dict.fromkeys((str(one.claim_id) for one in routes), 1)
