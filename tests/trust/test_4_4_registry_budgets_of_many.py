"""Trust, 4.4: a dozen accounts that ask a registry without end leave questions to the next one."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.registry import Budget
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from tests.store.test_registry_budget import ask_and_settle, budget, engine, pass_time, question

__all__ = ["budget", "engine"]  # fixtures

DOZEN = [UUID(int=number) for number in range(1, 13)]
OTHER = UUID(int=99)
A_VALIDATION = 3  # questions: the route, those inside, the holder
MINUTE = Budget(connections=1000, per_minute=60, per_day=1_000_000)
DAY = Budget(connections=1000, per_minute=1_000_000, per_day=1000)


async def ask_until_refused(budget: PostgresRegistryBudget, account: UUID, limits: Budget) -> int:
    """How many questions an account may ask, one after the other."""
    asked = 0
    while await ask_and_settle(budget, question(account, limits)) == "Permit":
        asked += 1
    return asked


async def test_a_dozen_accounts_share_a_minute_and_leave_a_part_of_it(
    engine: AsyncEngine, budget: PostgresRegistryBudget
) -> None:
    for _ in range(2):  # in the first minute it is not known yet how many there are
        asked = [await ask_until_refused(budget, one, MINUTE) for one in DOZEN]
        await pass_time(engine, "1 minute")
    asked = [await ask_until_refused(budget, one, MINUTE) for one in DOZEN]
    assert asked == [60 // 13] * 12
    assert await ask_until_refused(budget, OTHER, MINUTE) >= A_VALIDATION


async def test_a_dozen_accounts_do_not_use_up_a_day(budget: PostgresRegistryBudget) -> None:
    asked = [await ask_until_refused(budget, one, DAY) for one in DOZEN]
    again = [await ask_until_refused(budget, one, DAY) for one in DOZEN]
    assert (asked[0], again) == (100, [0] * 12)
    assert sum(asked) < 750
    assert await ask_until_refused(budget, OTHER, DAY) >= 8 * A_VALIDATION


async def test_who_has_used_its_day_up_takes_no_part_of_minutes(
    engine: AsyncEngine, budget: PostgresRegistryBudget
) -> None:
    for account in DOZEN:
        await ask_until_refused(budget, account, DAY)
    for _ in range(2):
        await pass_time(engine, "1 minute")
        for account in DOZEN:
            assert await ask_and_settle(budget, question(account, DAY)) == "Spent"
    assert await ask_until_refused(budget, OTHER, MINUTE) == 60 // 2
