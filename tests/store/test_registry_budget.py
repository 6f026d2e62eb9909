import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import QueuePool, text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.budgeted_registry import BudgetedRegistry
from byoip.adapters.system_clock import SystemClock
from byoip.domain.checks.evidence import RawAnswer
from byoip.domain.checks.registry import Budget, Dialect, Registry
from byoip.domain.checks.rpsl import parse_objects
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Found, Lookup, NoEntries, RegistryAnswer, RegistryQuestion
from byoip.ports.checks.registry_budget import Busy, Permit, Spent
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.store.engine import SESSION, PoolSize, make_engine, session_options
from tests.announcing import until

ANNA, BERT, CARLA = UUID(int=1), UUID(int=2), UUID(int=3)
EXHIBIT = RawAnswer("asked", "of:43", b"\x00\xff raw", datetime(2026, 1, 1, tzinfo=UTC))
WIDE = Budget(connections=1000, per_minute=1000, per_day=1000)


# It is noon when a test begins, and no minute or day ends before `pass_time` says so.
_CLOCK = """
    CREATE SCHEMA clock;
    CREATE TABLE clock.began AS SELECT date_trunc('day', clock_timestamp(), 'UTC')
        + interval '12 hours' - clock_timestamp() AS ahead;
    CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM clock.began'
"""


@pytest.fixture
async def engine(cloned_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    """On a database whose clock goes on as the test says."""
    with psycopg.connect(cloned_url) as connection:
        connection.execute(_CLOCK)
    session = {**SESSION, "search_path": "clock,pg_catalog,public"}
    monkeypatch.setattr("byoip.store.engine.session_options", partial(session_options, session))
    made = make_engine(cloned_url, pool=PoolSize(kept=5, more=30))
    yield made
    await made.dispose()


@pytest.fixture
def budget(engine: AsyncEngine) -> PostgresRegistryBudget:
    return PostgresRegistryBudget(engine)


async def pass_time(engine: AsyncEngine, by: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE clock.began SET ahead = ahead + CAST(:by AS interval)"), {"by": by}
        )


def question(
    account: UUID = ANNA, budget: Budget = WIDE, *, registry: str = "ripencc", number: int = 0
) -> RegistryQuestion:
    entry = Registry(registry, "RIPE", "whois.invalid", Dialect.RIPE, budget=budget)
    prefix = Prefix.parse(f"10.{number // 256}.{number % 256}.0/24")
    return RegistryQuestion(entry, Lookup.EXACT_ROUTES, prefix, account)


async def permitted(budget: PostgresRegistryBudget, asked: RegistryQuestion) -> Permit:
    admission = await budget.admit(asked)
    assert isinstance(admission, Permit), admission
    return admission


async def ask_and_settle(budget: PostgresRegistryBudget, asked: RegistryQuestion) -> str:
    admission = await budget.admit(asked)
    if isinstance(admission, Permit):
        await budget.settle(admission, asked, None)
    return type(admission).__name__


async def test_the_minute_of_a_registry_is_shared_by_all(budget: PostgresRegistryBudget) -> None:
    limits = replace(WIDE, per_minute=3)
    for account in (ANNA, BERT, CARLA):
        assert await ask_and_settle(budget, question(account, limits)) == "Permit"
    admission = await budget.admit(question(UUID(int=4), limits))
    assert isinstance(admission, Spent)
    assert admission.why == "the registry's 3 questions of this minute are used up"


async def test_one_account_gets_half_of_a_minute(budget: PostgresRegistryBudget) -> None:
    limits = replace(WIDE, per_minute=5)
    ends = [await ask_and_settle(budget, question(ANNA, limits)) for _ in range(3)]
    assert ends == ["Permit", "Permit", "Spent"]
    assert await ask_and_settle(budget, question(BERT, limits)) == "Permit"


async def test_one_account_gets_a_tenth_of_a_day_rounded_up(budget: PostgresRegistryBudget) -> None:
    limits = replace(WIDE, per_day=11)
    ends = [await ask_and_settle(budget, question(ANNA, limits)) for _ in range(2)]
    assert ends == ["Permit", "Permit"]
    refused = await budget.admit(question(ANNA, limits))
    assert isinstance(refused, Spent)
    assert refused.why == "this account's 2 questions of this day (UTC) are used up"
    assert await ask_and_settle(budget, question(BERT, limits)) == "Permit"


async def test_a_new_minute_brings_new_questions_but_the_day_goes_on(
    engine: AsyncEngine, budget: PostgresRegistryBudget
) -> None:
    limits = replace(WIDE, per_minute=2, per_day=30)
    assert await ask_and_settle(budget, question(ANNA, limits)) == "Permit"
    assert await ask_and_settle(budget, question(ANNA, limits)) == "Spent"
    for _ in range(2):
        await pass_time(engine, "1 minute")
        assert await ask_and_settle(budget, question(ANNA, limits)) == "Permit"
    await pass_time(engine, "1 minute")
    refused = await budget.admit(question(ANNA, limits))
    assert isinstance(refused, Spent)
    assert "day" in refused.why
    await pass_time(engine, "12 hours")
    assert await ask_and_settle(budget, question(ANNA, limits)) == "Permit"


async def test_registries_do_not_share_a_budget(budget: PostgresRegistryBudget) -> None:
    limits = replace(WIDE, per_minute=1)
    assert await ask_and_settle(budget, question(ANNA, limits, registry="arin")) == "Permit"
    assert await ask_and_settle(budget, question(ANNA, limits, registry="apnic")) == "Permit"
    assert await ask_and_settle(budget, question(ANNA, limits, registry="arin")) == "Spent"


async def test_connections_are_shared_and_given_back(budget: PostgresRegistryBudget) -> None:
    limits = replace(WIDE, connections=2)
    first = await permitted(budget, question(ANNA, limits))
    assert isinstance(await budget.admit(question(ANNA, limits)), Busy)  # half of two is one
    await permitted(budget, question(BERT, limits))
    assert isinstance(await budget.admit(question(CARLA, limits)), Busy)
    await budget.settle(first, question(ANNA, limits), None)
    await permitted(budget, question(CARLA, limits))


async def test_waiting_for_a_connection_costs_no_question(budget: PostgresRegistryBudget) -> None:
    limits = Budget(connections=1, per_minute=4, per_day=100)
    permit = await permitted(budget, question(ANNA, limits))
    for _ in range(5):
        assert isinstance(await budget.admit(question(ANNA, limits)), Busy)
    await budget.settle(permit, question(ANNA, limits), None)
    await permitted(budget, question(ANNA, limits))


async def test_the_connection_of_a_dead_worker_is_free_again_when_it_expires(
    engine: AsyncEngine,
) -> None:
    budget = PostgresRegistryBudget(engine, lease=timedelta(seconds=30))
    limits = replace(WIDE, connections=1)
    await permitted(budget, question(ANNA, limits))
    assert isinstance(await budget.admit(question(ANNA, limits)), Busy)
    await pass_time(engine, "30 seconds")
    await permitted(budget, question(ANNA, limits))


async def test_fifty_at_once_from_four_workers_get_exactly_the_budget(engine: AsyncEngine) -> None:
    workers = [PostgresRegistryBudget(engine) for _ in range(4)]
    limits = replace(WIDE, per_minute=20)
    asked = [question(UUID(int=number % 26), limits) for number in range(52)]
    admissions = await asyncio.gather(
        *(workers[number % 4].admit(one) for number, one in enumerate(asked))
    )
    assert sum(isinstance(one, Permit) for one in admissions) == 20
    assert sum(isinstance(one, Spent) for one in admissions) == 32


async def test_many_at_once_never_hold_more_connections_than_allowed(
    budget: PostgresRegistryBudget,
) -> None:
    limits = replace(WIDE, connections=4)
    asked = [question(UUID(int=number), limits) for number in range(30)]
    admissions = await asyncio.gather(*map(budget.admit, asked))
    assert sum(isinstance(one, Permit) for one in admissions) == 4


async def test_an_answer_serves_the_same_question_of_all_accounts_for_a_while(
    budget: PostgresRegistryBudget,
) -> None:
    objects = parse_objects("route: 10.0.0.0/24\ndescr: r\xe9seau\n+ two\nsource: RIPE".encode())
    found = Found(objects, EXHIBIT)
    await budget.settle(await permitted(budget, question()), question(), found)
    assert await budget.admit(question(BERT)) == found


async def test_nothing_found_is_remembered_too(budget: PostgresRegistryBudget) -> None:
    for asked in (replace(question(), lookup=lookup) for lookup in Lookup):
        await budget.settle(await permitted(budget, asked), asked, NoEntries(EXHIBIT))
        assert await budget.admit(asked) == NoEntries(EXHIBIT)


async def test_no_answer_is_not_remembered(budget: PostgresRegistryBudget) -> None:
    await budget.settle(await permitted(budget, question()), question(), None)
    await permitted(budget, question())


async def test_an_answer_serves_that_lookup_prefix_and_registry_only(
    budget: PostgresRegistryBudget,
) -> None:
    await budget.settle(await permitted(budget, question()), question(), NoEntries(EXHIBIT))
    for other in (
        question(number=1),
        question(registry="arin"),
        replace(question(), lookup=Lookup.SMALLEST_HOLDER),
    ):
        await permitted(budget, other)


async def test_a_newer_answer_replaces_the_one_kept(budget: PostgresRegistryBudget) -> None:
    first, second = await permitted(budget, question()), await permitted(budget, question())
    await budget.settle(first, question(), NoEntries(EXHIBIT))
    newer = NoEntries(replace(EXHIBIT, answer=b"newer"))
    await budget.settle(second, question(), newer)
    assert await budget.admit(question()) == newer


async def test_answers_are_forgotten_in_time_and_cleared_away(engine: AsyncEngine) -> None:
    budget = PostgresRegistryBudget(engine, remember=timedelta(seconds=60))
    await budget.settle(await permitted(budget, question()), question(), NoEntries(EXHIBIT))
    await pass_time(engine, "60 seconds")
    other = question(number=1)
    await budget.settle(await permitted(budget, question()), question(), None)
    await budget.settle(await permitted(budget, other), other, NoEntries(EXHIBIT))
    async with engine.connect() as connection:
        prefixes = (await connection.execute(text("SELECT prefix FROM registry_answers"))).all()
    assert [str(row.prefix) for row in prefixes] == ["10.0.1.0/24"]


async def test_an_operator_may_choose_to_remember_nothing(engine: AsyncEngine) -> None:
    budget = PostgresRegistryBudget(engine, remember=timedelta(0))
    await budget.settle(await permitted(budget, question()), question(), NoEntries(EXHIBIT))
    await permitted(budget, question())


async def test_a_registry_on_hold_is_asked_nothing(budget: PostgresRegistryBudget) -> None:
    await budget.hold(question(), timedelta(hours=24))
    await budget.hold(question(), timedelta(minutes=1))  # does not shorten it
    admission = await budget.admit(question(BERT))
    assert isinstance(admission, Spent)
    assert admission.why == "the registry refused us and is left alone for 86400 s"
    await permitted(budget, question(registry="arin"))


async def test_a_hold_ends_by_itself(engine: AsyncEngine, budget: PostgresRegistryBudget) -> None:
    await permitted(budget, question())
    await budget.hold(question(), timedelta(minutes=5))
    assert isinstance(await budget.admit(question()), Spent)
    await pass_time(engine, "5 minutes")
    await permitted(budget, question())


class CountingRegistry:
    """Finds nothing, slowly; counts how often it is asked, and how often at once."""

    def __init__(self) -> None:
        self.at_once = self.most = self.times = 0

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.times += 1
        await until(lambda: self.most > 1)  # the first one waits for another
        await asyncio.sleep(0.02)
        self.at_once -= 1
        return NoEntries(replace(EXHIBIT, asked=str(question.prefix)))


async def test_workers_together_keep_to_the_connections_and_all_are_served(
    engine: AsyncEngine,
) -> None:
    registry = CountingRegistry()
    asking = registry, PostgresRegistryBudget(engine), SystemClock()
    workers = [BudgetedRegistry(*asking, patience=100) for _ in range(3)]
    limits = replace(WIDE, connections=4)
    asked = [question(UUID(int=number % 5), limits, number=number) for number in range(30)]
    answers = await asyncio.gather(
        *(workers[number % 3].look_up(one) for number, one in enumerate(asked))
    )
    assert [one.exhibit.asked for one in answers] == [str(one.prefix) for one in asked]
    assert registry.times == 30
    assert 2 <= registry.most <= 4


async def test_no_connection_to_the_database_is_held_while_asking(engine: AsyncEngine) -> None:
    class Watching:
        async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
            assert isinstance(engine.pool, QueuePool)
            assert engine.pool.checkedout() == 0
            return NoEntries(replace(EXHIBIT, asked=str(question.prefix)))

    asks = BudgetedRegistry(Watching(), PostgresRegistryBudget(engine), SystemClock())
    assert isinstance(await asks.look_up(question()), NoEntries)
