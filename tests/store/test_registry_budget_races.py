"""What is counted of a registry's budget is of the moment in which its row is locked."""

import asyncio
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.ports.checks.registry_budget import Busy
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from tests.announcing import until
from tests.store.test_registry_budget import ANNA, BERT, WIDE, ask_and_settle, question


async def test_what_is_spent_while_we_wait_for_the_registry_counts(
    engine: AsyncEngine,
) -> None:
    budget, limits = PostgresRegistryBudget(engine), replace(WIDE, connections=1)
    assert await ask_and_settle(budget, question(BERT, limits)) == "Permit"
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as looking:

        async def it_waits() -> bool:
            return bool((await looking.execute(waits)).scalar_one())

        async with engine.begin() as other:
            await other.execute(text("UPDATE registry_budgets SET asked_in_minute = 1"))
            await other.execute(
                text("""INSERT INTO registry_leases (registry, account_id, expires_at)
                    VALUES ('ripencc', :bert, clock_timestamp() + interval '30 s')"""),
                {"bert": BERT},
            )
            admitted = asyncio.create_task(budget.admit(question(ANNA, limits, number=1)))
            await until(it_waits)
        assert await admitted == Busy()
