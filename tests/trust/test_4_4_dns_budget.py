"""Trust 4.4: an account has a budget of DNS questions, which all workers share."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.domain.checks.evidence import Fault, Outcome, Passed, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.store.accounts.rate_limits import Allowance
from byoip.store.checks.dns_budget import PostgresDnsBudget
from tests.adapters.dns_script import LABEL, TOKEN, ZONE, Script, playing

PER_HOUR = 160


@pytest.fixture
def script(engine: AsyncEngine) -> Script:
    return Script(budget=PostgresDnsBudget(Allowance(engine), PER_HOUR))


async def judged(adapter: DnsLooks, account_id: UUID) -> Outcome:
    return judge_zones([await adapter.observe(ZONE, LABEL, account_id)], TOKEN)


async def use_up(adapter: DnsLooks, account_id: UUID) -> Outcome:
    """Look until the budget is spent; the first outcome that is no pass."""
    for _ in range(PER_HOUR):
        outcome = await judged(adapter, account_id)
        if not isinstance(outcome, Passed):
            return outcome
    raise AssertionError("the budget has no end")


async def test_beyond_the_budget_nothing_is_asked_and_the_customer_is_told(script: Script) -> None:
    account_id = uuid4()
    async with playing(script) as adapter:
        outcome = await use_up(adapter, account_id)
        asked = len(script.asked) + len(script.met)

        again = await judged(adapter, account_id)

    assert isinstance(outcome, Unanswered)
    assert isinstance(again, Unanswered)
    assert again.fault is Fault.OUT_OF_BUDGET
    assert "the account's DNS questions are used up" in again.seen
    assert again.fix
    assert asked <= PER_HOUR
    assert len(script.asked) + len(script.met) == asked


async def test_two_workers_share_one_budget_and_other_accounts_have_their_own(
    script: Script, engine: AsyncEngine
) -> None:
    account_id = uuid4()
    async with playing(script) as adapter:
        await use_up(adapter, account_id)
        other = Script(budget=PostgresDnsBudget(Allowance(engine), PER_HOUR))
        async with playing(other) as another_worker:
            assert isinstance(await judged(another_worker, account_id), Unanswered)
            assert isinstance(await judged(another_worker, uuid4()), Passed)


async def test_the_budget_comes_back_with_time(script: Script, engine: AsyncEngine) -> None:
    account_id = uuid4()
    async with playing(script) as adapter:
        await use_up(adapter, account_id)
        earlier = text("UPDATE allowances SET spent_until = spent_until - interval '30 minutes'")
        async with engine.begin() as connection:
            await connection.execute(earlier)

        assert isinstance(await judged(adapter, account_id), Passed)
