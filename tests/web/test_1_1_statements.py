"""Page, 1.1: what a page asks of the database does not grow with the prefixes; nor is any heavy."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from tests.api.operators import Operator
from tests.api.world import World
from tests.counting import counted
from tests.web.browser import Browser, signed_in
from tests.web.test_1_1_weights import LIGHT
from tests.web.walking import pages, planted, without_limits

MANY = 1000
BEYOND = 1  # statement more asks what needs somebody on later pages of a list
MOST = 50  # statements of a page: each costs a round trip
COLUMNS = """
    SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'
    AND table_name = :of AND is_generated = 'NEVER'
"""
PREFIX = "md5('p' || n)::uuid"
CIDR = "set_masklen('100.64.0.0'::inet + n * 512, 23)::cidr"
# Others like one that is approved, bound and announceable, and what else there is of each.
COPIES = {
    "prefixes": {"id": PREFIX, "cidr": CIDR, "created_at": "created_at + n * interval '1 ms'"},
    "bgp_prefixes": {
        "id": "md5('r' || n)::uuid",
        "binding_id": "md5('b' || n)::uuid",
        "advertised": "true",
        "advertised_modified_at": "now()",
    },
    "bindings": {"id": "md5('b' || n)::uuid"},
    "validation_tokens": {"id": "md5('t' || n)::uuid", "value": "md5('v' || n)"},
    "event_counters": {},
    "events": {"account_number": "1000 + n * 100 + number"},
}
OF_A_PREFIX = {"prefix_id": PREFIX, "prefix_cidr": CIDR, "cidr": CIDR}


async def crowd(engine: AsyncEngine, like: UUID) -> None:
    """So many more prefixes in the account."""
    async with engine.begin() as connection:
        # What is copied is right by construction.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table, own in COPIES.items():
            columns = list(await connection.scalars(text(COLUMNS), {"of": table}))
            values = OF_A_PREFIX | own if table != "prefixes" else own
            which = "id" if table == "prefixes" else "prefix_id"
            await connection.execute(
                text(
                    f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - ours
                    f" SELECT {', '.join(values.get(one, one) for one in columns)}"
                    f" FROM {table}, generate_series(1, {MANY}) n WHERE {which} = :like"
                ),
                {"like": like},
            )
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("ANALYZE")


async def asked(
    who: Browser, paths: list[str], patching: pytest.MonkeyPatch
) -> Mapping[str, list[str]]:
    """The statements of each page that is there; none is heavy."""
    found = {}
    for path in paths:
        await who.get(path)  # connections are open, statements known
        with counted(patching) as told:
            answer = await who.get(path)
        assert len(answer.content) < LIGHT, (path, len(answer.content))
        if answer.status_code == 200:
            found[path] = list(told)
    return found


async def test_1_1_no_page_asks_more_of_a_thousand_prefixes(
    world: World, engine: AsyncEngine, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with without_limits(world, engine) as free:
        estate = await planted(free, engine, operator)
        noc = await signed_in(free, Role.OPERATOR)
        walked = list(pages(free, estate.known))
        before = [await asked(one, walked, monkeypatch) for one in (estate.owner, noc)]
        await crowd(engine, UUID(estate.known["prefix_id"]))
        assert len(await free.result("GET", f"/prefixes?per_page={MANY}")) == MANY
        after = [await asked(one, walked, monkeypatch) for one in (estate.owner, noc)]
    for few, many in zip(before, after, strict=True):
        assert few.keys() == many.keys()
        for path, told in many.items():
            assert len(told) <= len(few[path]) + BEYOND, (path, few[path], told)
            assert len(told) <= MOST, (path, told)
    assert {"/ui/prefixes", "/ui/letters", "/ui/asns"} <= before[0].keys()
    assert {"/ui/noc", "/ui/noc/prefixes", "/ui/noc/routes"} <= before[1].keys()
