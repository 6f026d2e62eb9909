"""Statements as the driver runs them: numbered once, and rows with the names of their columns."""

from ipaddress import ip_network
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.autocommit import autocommit_pool
from byoip.store.batches import Prepared
from byoip.store.engine import begun
from byoip.store.statements import Session, from_text


@pytest.mark.parametrize(
    ("given", "text", "names"),
    [
        (b"SELECT %(a)s, %(b)s, %(a)s", b"SELECT $1, $2, $1", ("a", "b")),
        (b"SELECT 5 %% %(a)s::INTEGER", b"SELECT 5 % $1::INTEGER", ("a",)),
        (b"SELECT '%%(a)s'", b"SELECT '%(a)s'", ()),
        (b"SELECT 1", b"SELECT 1", ()),
    ],
)
def test_parameters_are_numbered(given: bytes, text: bytes, names: tuple[str, ...]) -> None:
    known = Prepared(given)
    assert (known.text, known.names) == (text, names)


async def test_the_same_parameter_twice_and_a_percent_sign(engine: AsyncEngine) -> None:
    asking = from_text(
        "SELECT :a AS first, :a || :b AS second, 7 % 4 AS rest", a=sa.Text, b=sa.Text
    )
    for a in ("x", "y"):
        (row,) = await autocommit_pool(engine).ask(asking, a=a, b="z")
        assert (row.first, row.second, row.rest) == (a, f"{a}z", 3)


@pytest.mark.parametrize("cidr", ["192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0", "::/0"])
async def test_networks_are_read(engine: AsyncEngine, cidr: str) -> None:
    asking = from_text("SELECT CAST(:cidr AS cidr) AS cidr, CAST(NULL AS cidr) AS none")
    (row,) = await autocommit_pool(engine).ask(asking, cidr=cidr)
    async with begun(engine) as connection:
        (same,) = await (await Session.of(connection)).rows(asking, cidr=cidr)
    assert row == same == (ip_network(cidr), None)


async def test_columns_that_changed_are_named_anew(engine: AsyncEngine) -> None:
    """As after a migration, in a process of the version before it."""
    known = from_text("SELECT * FROM pg_temp.wide")
    async with begun(engine) as connection:
        session = await Session.of(connection)
        await session.driver.execute("CREATE TEMP TABLE wide ON COMMIT DROP AS SELECT 1 AS a")
        assert [row.a for row in await session.rows(known)] == [1]
        await session.driver.execute("ALTER TABLE wide ADD b integer DEFAULT 2")
        assert [(row.a, row.b) for row in await session.rows(known)] == [(1, 2)]


async def test_a_transaction_that_was_left_open_ends_with_its_use(engine: AsyncEngine) -> None:
    for _ in range(2):
        async with engine.connect() as connection:
            driver: Any = (await Session.of(connection)).driver
            assert driver.idle
            await driver.execute("SELECT 1")
            assert not driver.idle
    assert driver.idle
