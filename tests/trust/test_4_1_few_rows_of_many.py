"""Trust, 4.1: what reads only so many rows finds them by an index, however many there are."""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from uuid import UUID

import psycopg
import pytest

from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.accounts.people_reader import (
    OF_AN_ACCOUNT,
    OF_THE_OPERATOR,
    TOKENS_OF_AN_ACCOUNT,
    TOKENS_OF_THE_OPERATOR,
)
from byoip.store.checks.drifts import REEVALUATE
from byoip.store.checks.snapshots_sql import OVERLAPPING, about
from byoip.store.claims.claim_reader import CLAIM
from byoip.store.statements import Statement, compiled
from byoip.store.watch.sales import CLAIMED
from byoip.usecases.accounts.people import invite
from tests.fakes.backend import RandomHex
from tests.many_routes import add_routes, ipv4
from tests.trust.parties import Parties
from tests.trust.plans import rows_touched
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

MANY = 60_000
FEW = 10
CIDR = "31.0.0.0/23"


async def elsewhere(world: Parties) -> None:
    """ROAs and registered ranges by the thousand, of which few are about the prefix."""
    await world.roas(
        *(
            {
                "prefix": f"{101 + one // 32768}.{one // 128 % 256}.{one % 128 * 2}.0/23",
                "asn": 70000 + one,
                "maxLength": 24,
                "ta": "ripe",
            }
            for one in range(MANY)
        ),
        {"prefix": CIDR, "asn": 64500, "maxLength": 23, "ta": "ripe"},
    )
    blocks = [f"{101 + one // 32768}.{one // 128 % 256}.{one % 128 * 2}.0" for one in range(MANY)]
    await world.statistics(
        *(f"ripencc|DE|ipv4|{one}|512|20120101|allocated|h" for one in blocks),
        "ripencc|DE|ipv4|31.0.0.0|512|20120101|allocated|ours",
    )


@pytest.mark.parametrize("known", [False, True], ids=["without statistics", "with statistics"])
async def test_no_statement_reads_more_than_it_is_about(
    registry_world: tuple[Parties, WhoisServer], database_url: str, known: bool
) -> None:
    world, _ = registry_world
    claim = await world.claim(CIDR)
    await elsewhere(world)
    now = world.clock.now()
    asked: list[tuple[Statement, Mapping[str, object]]] = [
        (about(1), {"prefix": CIDR}),
        (OVERLAPPING, {"prefix": CIDR}),
        (CLAIM, {"account_id": claim.account_id, "claim_id": claim.id}),
        (
            compiled(REEVALUATE),
            {
                "after_prefix": UUID(int=0),
                "after_cidr": "0.0.0.0/0",
                "page": 100,
                "snapshot": 1,
                "now": now,
                "now_epoch": int(now.timestamp()),
            },
        ),
    ]
    with psycopg.connect(database_url) as connection:
        if known:
            connection.execute("ANALYZE")
        for statement, values in asked:
            found = rows_touched(connection, statement.text, {**statement.values, **values})
            assert found <= FEW, statement.text[:60]


@pytest.mark.parametrize("closed", [False, True])
async def test_who_else_has_claimed_a_space_is_found_among_few(
    world: World, database_url: str, *, closed: bool
) -> None:
    """Others' claims, live or given up: with a million of them it took 340 ms for each run."""
    add_routes(database_url, ipv4(3000), accounts=3)
    asked = {
        "prefix": ip_network("20.0.8.0/22"),
        "account_id": await world.new_account(),
        "since": world.clock.now() - timedelta(days=14),
    }
    with psycopg.connect(database_url) as connection:
        if closed:
            connection.execute("UPDATE bgp_prefixes SET removed_at = now()")
            connection.execute("UPDATE bindings SET removed_at = now()")
            connection.execute(_CLOSE, {"at": asked["since"]})
        connection.execute("ANALYZE")
        assert rows_touched(connection, CLAIMED.text, asked) <= FEW
        found = connection.execute(CLAIMED.text, asked).fetchall()
        assert len(found) == (not closed), "what was given up long ago counts no more"


_CLOSE = """
    UPDATE prefixes SET state = 'closed', approved_at = NULL, approved_by = NULL,
        revoked_at = %(at)s, closed_at = %(at)s
"""


async def test_lists_of_people_and_of_tokens_read_none_of_other_accounts(
    registry_world: tuple[Parties, WhoisServer], database_url: str
) -> None:
    """An admin lets in as many as 1,400 a day, and each is a credential."""
    world, _ = registry_world
    crowded, mine = await world.new_account(), await world.new_account()
    async with world.store.transaction(actor=Actor("cli", "cli-test")) as tx:
        for whose, role in ((mine, Role.VIEWER), (None, Role.OPERATOR)):
            await invite(tx, whose, mint=RandomHex(), name="Ada", role=role, reason="test")
    with psycopg.connect(database_url) as connection:
        connection.execute(_CROWD, [crowded])
        first = {"before_time": world.clock.now(), "before_id": UUID(int=0), "page_size": 100}
        connection.execute("ANALYZE")
        for statement, of in (
            (OF_AN_ACCOUNT, {"account_id": mine}),
            (OF_THE_OPERATOR, {}),
            (TOKENS_OF_AN_ACCOUNT, {"account_id": mine, **first}),
            (TOKENS_OF_THE_OPERATOR, first),
        ):
            asked = {**statement.values, **of, "now": world.clock.now()}
            assert rows_touched(connection, statement.text, asked) <= FEW


_CROWD = """
    WITH added AS (
        INSERT INTO credentials (id, account_id, name, token_sha256, scopes, created_at)
        SELECT gen_random_uuid(), %s, 'crowd', sha256(one::text::bytea), '{}', now()
        FROM generate_series(1, 5000) AS one RETURNING id
    ) INSERT INTO people (id, role) SELECT id, 'viewer' FROM added
"""
