"""Routes 4.2: what one change costs does not grow with the number of routes that are up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from byoip.store.autocommit import AutocommitPool
from byoip.store.sharing import one_ahead
from byoip.store.speakers import route_statements as sql
from byoip.store.statements import Statement
from tests.announcing import Fleet
from tests.many_routes import OwnedRoute, add_routes, ipv4
from tests.trust.plans import rows_touched

MANY = 10_000
ONE, WITHDRAWN = 7, 11
FEW = 10
PAGE = 2000
_APPLIED = """
    INSERT INTO applied_routes (speaker, bgp_prefix_id, may_hold, advertised, change, at)
    SELECT speaker, id, true, true, change, now()
    FROM bgp_prefixes, unnest('{one,two}'::text[]) AS speaker
"""
_WITHDRAWAL = """
    WITH entry AS (
        INSERT INTO withdrawals (id, bgp_prefix_id, account_id, change, source, job, run, actor,
            request_id, at)
        VALUES (gen_random_uuid(), %(id)s, %(account)s, 3, 'request', '', '', 'test', 'test', now())
        RETURNING id
    )
    UPDATE bgp_prefixes SET advertised = false, binding_id = NULL, change = 3,
        withdrawal_id = entry.id FROM entry WHERE bgp_prefixes.id = %(id)s
"""


def test_what_changed_is_found_without_reading_what_did_not(database_url: str) -> None:
    routes = add_routes(database_url, ipv4(MANY), advertised=True)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_APPLIED.encode())
        connection.execute("UPDATE bgp_prefixes SET settled = change")
        change(connection, routes)
        connection.execute("VACUUM ANALYZE")  # as Postgres does by itself within a minute
        asked = {**sql.UNSETTLED.values, "after": UUID(int=0)}
        touched = rows_touched(connection, sql.UNSETTLED.text, asked)
        found = connection.execute(sql.UNSETTLED.text, asked).fetchall()
    assert {row[0] for row in found} == {routes[one].bgp_prefix_id for one in (ONE, WITHDRAWN)}
    assert touched <= FEW


@pytest.mark.parametrize("statement", [sql.MARK_POSSIBLY_INSTALLED, sql.MARK_ANNOUNCED])
def test_a_page_of_many_is_found_by_its_keys(database_url: str, statement: Statement) -> None:
    routes = add_routes(database_url, ipv4(MANY), advertised=True)
    ids = sorted(one.bgp_prefix_id.hex for one in routes[:PAGE])
    asked = {
        **statement.values,
        "speaker": "one",
        "now": datetime.now(UTC),
        "ids": f"{{{','.join(ids)}}}",
        "changes": f"{{{','.join(['2'] * PAGE)}}}",
    }
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_APPLIED.encode())
        connection.execute("VACUUM ANALYZE")
        assert rows_touched(connection, statement.text, asked) == PAGE


async def test_all_that_changed_is_found_page_by_page(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = sql.UNSETTLED_PAGE + 10
    prefixes = await fleet.add(*ipv4(many), advertised=True)
    statements = counting(monkeypatch)
    rows = await fleet.routes.unsettled()
    assert statements == [sql.UNSETTLED] * 2
    assert sorted(str(one.prefix) for one, _ in rows) == sorted(map(str, prefixes))


def counting(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """The statements that are asked from now on."""
    asked: list[Statement] = []
    ask = AutocommitPool.ask

    async def noted(self: AutocommitPool, statement: Statement, **values: Any) -> list[Any]:
        asked.append(statement)
        return await ask(self, statement, **values)

    monkeypatch.setattr(AutocommitPool, "ask", noted)
    return asked


def change(connection: psycopg.Connection, routes: list[OwnedRoute]) -> None:
    """One route is to be announced in another way, and one is withdrawn."""
    connection.execute(
        "UPDATE bgp_prefixes SET change = change + 1 WHERE id = %s", [routes[ONE].bgp_prefix_id]
    )
    gone = routes[WITHDRAWN]
    asked: dict[str, UUID] = {"id": gone.bgp_prefix_id, "account": gone.owner.account_id}
    connection.execute(_WITHDRAWAL.encode(), asked)


class Reading:
    """Pages that are read, each when it is let."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.let = asyncio.Event()

    async def read(self, page: int) -> int:
        self.begun.append(page)
        try:
            await self.let.wait()
        finally:
            self.ended.append(page)
        return page

    def pages(self) -> AsyncGenerator[int, None]:
        return one_ahead([1, 2, 3], self.read)


async def test_the_next_page_is_read_while_one_is_told_and_no_other() -> None:
    reading = Reading()
    reading.let.set()
    told = []
    async for page in reading.pages():
        await asyncio.sleep(0)
        assert reading.begun == list(range(1, min(page + 1, 3) + 1))
        told.append(page)
    assert told == [1, 2, 3]


async def test_what_is_being_read_ends_with_what_fails() -> None:
    reading = Reading()
    reading.let.set()
    async with aclosing(reading.pages()) as pages:
        assert await anext(pages) == 1
        reading.let.clear()
        await asyncio.sleep(0)
        assert (reading.begun, reading.ended) == ([1, 2], [1])
    assert reading.ended == reading.begun == [1, 2]


async def test_what_is_seen_of_a_route_is_recorded_while_it_is_settled(fleet: Fleet) -> None:
    await fleet.add("31.0.0.0/24", advertised=True)
    ((desired, _),) = await fleet.routes.unsettled()
    async with fleet.engine.begin() as recording:
        await recording.execute(
            text(
                "INSERT INTO observed_routes (bgp_prefix_id, seen_by, advertised, own_word, at)"
                " SELECT id, 'router', true, false, now() FROM bgp_prefixes"
            )
        )
        await fleet.routes.settle([desired])
    assert await fleet.settled()
