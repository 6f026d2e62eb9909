"""Trust, 4.1: what reads only so many rows finds them by an index, however many there are."""

from collections.abc import Mapping
from uuid import UUID

import psycopg
import pytest

from byoip.sandbox.whois_server import WhoisServer
from byoip.store.checks.drifts import REEVALUATE
from byoip.store.checks.snapshots_sql import OVERLAPPING, about
from byoip.store.claims.claim_reader import CLAIM
from byoip.store.statements import Statement, compiled
from tests.trust.parties import Parties
from tests.trust.plans import rows_touched

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
