"""Trust, 4.5: what operators list does not grow with all accounts' prefixes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from byoip.store.accounts import operator_reader_sql as reading
from tests.trust.test_4_1_floods_of_runs import COLUMNS, OTHERS
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

PREFIXES = 3000
PAGE = 26
OF_MANY = {**OTHERS, "account_id": "gen_random_uuid()"}
FILL = """
    SET LOCAL session_replication_role = replica;
    INSERT INTO prefixes ({columns}) SELECT {values} FROM prefixes, generate_series(1, {many}) n
"""
FIRST = {
    "after_time": datetime(1970, 1, 1, tzinfo=UTC),
    "after_id": UUID(int=0),
    "page_size": PAGE,
}


def loops(plan: dict[str, Any]) -> Iterator[int]:
    """How often each step of a plan was done."""
    yield plan["Actual Loops"]
    for inner in plan.get("Plans", ()):
        yield from loops(inner)


@pytest.mark.parametrize(
    "wanted", [{}, {"wanted_standing": "ok"}, {"wanted_approved": False}], ids=str
)
async def test_a_page_of_all_accounts_prefixes_costs_that_page(
    world: World, wanted: dict[str, object]
) -> None:
    await world.claim("31.0.0.0/24")
    async with world.engine.begin() as connection:
        names = list(await connection.scalars(text(COLUMNS)))
        values = ", ".join(OF_MANY.get(name, name) for name in names)
        fill = FILL.format(columns=", ".join(names), values=values, many=PREFIXES)
        for one in (*fill.split(";"), "ANALYZE prefixes"):
            await connection.exec_driver_sql(one)
    statement = reading.claims(frozenset(wanted))
    async with world.engine.connect() as connection:
        plain = (await connection.get_raw_connection()).driver_connection
        assert plain is not None
        explained = b"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement.text
        asked = {**statement.values, **wanted, **FIRST}
        ((answer,),) = await (await plain.execute(explained, asked)).fetchall()
    assert answer[0]["Plan"]["Actual Rows"] == PAGE
    assert max(loops(answer[0]["Plan"])) <= PAGE
