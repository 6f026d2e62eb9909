"""Trust, 4.1: a list with prefixes that ROAs without end are for takes no longer than others."""

import psycopg

from byoip.store.claims.claim_reader import CLAIM
from byoip.store.database_url import plain
from byoip.store.engine import session_options
from tests.trust.plans import rows_touched
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

MOST = 1000
# As many as there are in the world, and of one space twenty thousand.
FILL = """
    INSERT INTO vrps (snapshot, prefix, max_length, asn, anchor)
    SELECT number, set_masklen('100.0.0.0'::inet + one * 256, 24)::cidr, 24, 1, 'ripe'
    FROM current_vrp_snapshot, generate_series(1, 600000) AS one
    UNION ALL SELECT number, '31.0.0.0/16', 24, 70000 + one, 'ripe'
    FROM current_vrp_snapshot, generate_series(1, 20000) AS one
"""


async def test_no_more_are_read_than_judge_a_prefix(world: World, database_url: str) -> None:
    """A page of a hundred took operators' list longer than a statement may."""
    claim = await world.claim()
    await world.roas({"prefix": str(claim.prefix), "asn": 64500, "maxLength": 24, "ta": "ripe"})
    with psycopg.connect(plain(database_url), options=session_options()) as connection:
        connection.execute(FILL)
        connection.execute("ANALYZE vrps")
        asked = {"account_id": claim.account_id, "claim_id": claim.id}
        found = rows_touched(connection, CLAIM.text, {**CLAIM.values, **asked})
    assert found <= MOST
