"""One statement admits a question exactly where the rules do."""

from random import Random

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.registry import Budget
from byoip.ports.checks.registry_budget import Permit
from byoip.store.checks.registry_budget import PostgresRegistryBudget, _asking
from tests.store.test_registry_budget import ANNA, BERT, budget, engine, question

__all__ = ["budget", "engine"]  # fixtures

_STATE = """
    WITH clock AS (
        SELECT date_trunc('minute', now, 'UTC') AS minute, date_trunc('day', now, 'UTC') AS day
        FROM (SELECT clock_timestamp() AS now) AS since
    ), emptied AS (DELETE FROM registry_leases), shares AS (
        INSERT INTO registry_shares
            (registry, account_id, minute, asked_in_minute, day, asked_in_day)
        SELECT 'ripencc', account, minute, n, day, n FROM clock,
            (VALUES (CAST(:anna AS uuid), CAST(:mine AS int)), (CAST(:bert AS uuid), 1))
            AS asked (account, n)
        ON CONFLICT (registry, account_id) DO UPDATE SET minute = excluded.minute,
            day = excluded.day, asked_in_minute = excluded.asked_in_minute,
            asked_in_day = excluded.asked_in_day
    ), leases AS (
        INSERT INTO registry_leases (registry, account_id, expires_at)
        SELECT 'ripencc', CASE WHEN n <= :my_open THEN CAST(:anna AS uuid)
            ELSE CAST(:bert AS uuid) END, clock_timestamp() + interval '1 hour'
        FROM generate_series(1, CAST(:open AS int)) AS n
    )
    INSERT INTO registry_budgets (registry, minute, asked_in_minute, day, asked_in_day)
    SELECT 'ripencc', minute, :everyones, day, :everyones FROM clock
    ON CONFLICT (registry) DO UPDATE SET minute = excluded.minute, day = excluded.day,
        asked_in_minute = excluded.asked_in_minute, asked_in_day = excluded.asked_in_day
"""


async def test_what_one_statement_admits_is_what_the_rules_admit(
    engine: AsyncEngine, budget: PostgresRegistryBudget
) -> None:
    chance, admitted = Random(7), 0  # noqa: S311 - test data
    for _ in range(400):
        everyones, opened = chance.randrange(12), chance.randrange(6)
        state = {
            "everyones": everyones,
            "mine": chance.randrange(everyones + 1),
            "open": opened,
            "my_open": chance.randrange(opened + 1),
            "anna": ANNA,
            "bert": BERT,
        }
        limits = Budget(*(chance.choice((1, 2, 5, 9, 30, 30, 30)) for _ in range(3)))
        asked = question(budget=limits)
        said = []
        for admit in (budget._admit_at_once, budget._admit_after_others):
            async with engine.begin() as connection:
                await connection.execute(text(_STATE), state)
            said.append(await admit(asked, _asking(asked)))
        assert isinstance(said[0], Permit) is isinstance(said[1], Permit), (limits, state, said)
        admitted += isinstance(said[0], Permit)
    assert 50 < admitted < 350
