import asyncio
import time
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.accounts.rate_limits import Allowance, Wanted, prune


@pytest.fixture
def allowance(engine: AsyncEngine) -> Allowance:
    return Allowance(engine)


async def _let_time_pass(engine: AsyncEngine, seconds: int) -> None:
    earlier = text("UPDATE allowances SET spent_until = spent_until - make_interval(secs => :by)")
    async with engine.begin() as connection:
        await connection.execute(earlier, {"by": seconds})


def _in(seconds: int, said: int | None, began: float) -> bool:
    """Whether it is to be waited for so long, less what this test took."""
    took = time.monotonic() - began
    return said is not None and seconds - 1 - took <= said <= seconds


async def test_a_minutes_permits_may_be_spent_at_once_and_not_one_more(
    allowance: Allowance,
) -> None:
    who, began = uuid4(), time.monotonic()
    asking = (allowance.spend("preflight", who, per_minute=10) for _ in range(25))
    said = await asyncio.gather(*asking)
    assert 10 <= said.count(None) <= 10 + (time.monotonic() - began) / 6, "one each 6 s"
    assert all(1 <= seconds <= 6 for seconds in said if seconds is not None)


async def test_permits_come_back_one_by_one(allowance: Allowance, engine: AsyncEngine) -> None:
    who, began = uuid4(), time.monotonic()
    for _ in range(3):
        await allowance.spend("preflight", who, per_minute=2)
    assert _in(30, await allowance.spend("preflight", who, per_minute=2), began)
    await _let_time_pass(engine, 30)
    assert await allowance.spend("preflight", who, per_minute=2) is None
    assert _in(30, await allowance.spend("preflight", who, per_minute=2), began)


@pytest.mark.parametrize(
    ("what", "who"),
    [("validate", UUID(int=1)), ("preflight", UUID(int=2))],
    ids=["another purpose", "another account"],
)
async def test_permits_are_counted_apart(allowance: Allowance, what: str, who: UUID) -> None:
    assert await allowance.spend("preflight", UUID(int=1), per_minute=1) is None
    assert await allowance.spend("preflight", UUID(int=1), per_minute=1) is not None
    assert await allowance.spend(what, who, per_minute=1) is None


async def test_permits_that_are_past_are_dropped_and_no_others(
    allowance: Allowance, engine: AsyncEngine
) -> None:
    past, present = uuid4(), uuid4()
    await allowance.spend("preflight", past, per_minute=1)
    await _let_time_pass(engine, 61)
    await allowance.spend("preflight", present, per_minute=1)
    await prune(engine)
    async with engine.connect() as connection:
        kept = await connection.scalars(text("SELECT who FROM allowances"))
        assert list(kept) == [present]
    assert await allowance.spend("preflight", present, per_minute=1) is not None


async def test_what_follows_a_refusal_is_not_spent(allowance: Allowance) -> None:
    who, began = UUID(int=1), time.monotonic()
    first, second, third = (Wanted(what, per_minute=1) for what in ("first", "second", "third"))
    assert await allowance.spend_each(who, second) is None
    refused = await allowance.spend_each(who, first, second, third)
    assert refused is not None
    assert (refused[0], _in(60, refused[1], began)) == (second, True)
    assert await allowance.spend_each(who, third) is None  # it was not
    assert await allowance.spend_each(who, first) is not None  # it was


async def test_a_prune_waits_for_no_one_who_spends(
    allowance: Allowance, engine: AsyncEngine
) -> None:
    """One statement spends several permits, row by row: a prune that waited could deadlock."""
    past = [uuid4(), uuid4()]
    for who in past:
        await allowance.spend("preflight", who, per_minute=1)
    await _let_time_pass(engine, 61)
    locking = text("SELECT FROM allowances WHERE who = :who FOR UPDATE")
    async with engine.begin() as spending:
        await spending.execute(locking, {"who": past[0]})
        async with asyncio.timeout(60):
            await prune(engine)
    async with engine.connect() as connection:
        kept = await connection.scalars(text("SELECT who FROM allowances"))
        assert list(kept) == [past[0]], "until the next time"
