"""What clears old answers of registries away reads none that still count."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.ports.checks.registry_budget import Permit
from byoip.store.checks import registry_budget_sql as sql
from byoip.store.checks.registry_budget import PostgresRegistryBudget, _asking
from byoip.store.statements import Session
from tests.store.test_registry_budget import WIDE, budget, engine, question

__all__ = ["budget", "engine"]  # fixtures

_KEPT = text("""
    INSERT INTO registry_answers
        (registry, lookup, prefix, asked, asked_of, answer, objects, answered_at, kept_until)
    SELECT registry, 'exact_routes', CAST('11.' || n / 256 || '.' || n % 256 || '.0/24' AS cidr),
        'asked', 'of:43', '', '[]', clock_timestamp(), clock_timestamp() + CAST(:left AS interval)
    FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n,
        (VALUES ('ripencc'), ('arin')) AS of (registry)
""")
_READ = text("""
    SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
    WHERE relname = 'registry_answers'
""")


@pytest.mark.parametrize("analyzed", [False, True])
async def test_a_question_reads_no_answer_that_is_kept_for_others(
    engine: AsyncEngine, budget: PostgresRegistryBudget, *, analyzed: bool
) -> None:
    assert isinstance(await budget.admit(question()), Permit)  # which makes the registry's row
    async with engine.begin() as connection:
        await connection.execute(_KEPT, {"first": 0, "last": 1999, "left": "1 minute"})
        await connection.execute(_KEPT, {"first": 2000, "last": 2001, "left": "-1 minute"})
        if analyzed:
            await connection.execute(text("ANALYZE registry_answers"))
    asked = _asking(question(number=1)) | {"lease": budget._lease}
    for clearing in (True, False):
        async with engine.begin() as connection:
            session = await Session.of(connection)
            before = (await connection.execute(_READ)).scalar_one()
            limits = {name: getattr(WIDE, name) for name in ("per_day", "per_minute")}
            (admitted,) = await session.rows(sql.ADMIT, **asked, **limits, connections=1000)
            assert admitted.permit is not None
            read = (await connection.execute(_READ)).scalar_one() - before
            assert read <= (8 if clearing else 0), read
    async with engine.connect() as connection:
        left = await connection.execute(text("SELECT count(*) FROM registry_answers"))
        assert left.scalar_one() == 4000  # the old ones are gone, those of another registry too
