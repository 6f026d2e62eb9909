import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from byoip.adapters.checks import budgeted_registry
from byoip.adapters.checks.budgeted_registry import BackOff, BudgetedRegistry
from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.ports.checks import registry as registries
from byoip.ports.checks.registry_budget import Admission, Busy, Permit, Spent
from tests.leaping import leap

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PERMIT = Permit(UUID(int=7))
QUESTION = registries.RegistryQuestion(
    Registry("ripencc", "RIPE", "whois.invalid", Dialect.RIPE),
    registries.Lookup.EXACT_ROUTES,
    Prefix.parse("192.0.2.0/24"),
    UUID(int=1),
)
EXHIBIT = RawAnswer("asked", "of:43", b"raw", NOW)


class Clock:
    def now(self) -> datetime:
        return NOW


class ScriptedBudget:
    """Gives these admissions one after the other, the last for ever; keeps what it is told."""

    def __init__(self, *admissions: Admission) -> None:
        self.left = list(admissions)
        self.told: list[object] = []

    async def admit(self, question: registries.RegistryQuestion) -> Admission:
        assert question == QUESTION
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]

    async def settle(
        self,
        permit: Permit,
        question: registries.RegistryQuestion,
        answer: registries.Found | registries.NoEntries | None,
    ) -> None:
        assert question == QUESTION
        self.told.append(("settle", permit, answer))

    async def hold(self, question: registries.RegistryQuestion, pause: timedelta) -> None:
        assert question == QUESTION
        self.told.append(("hold", pause))


class ScriptedRegistry:
    """Answers always the same; counts."""

    def __init__(self, answer: registries.RegistryAnswer) -> None:
        self.answer = answer
        self.times = 0

    async def look_up(self, question: registries.RegistryQuestion) -> registries.RegistryAnswer:
        assert question == QUESTION
        self.times += 1
        return self.answer


def budgeted(
    registry: ScriptedRegistry, budget: ScriptedBudget, *, patience: float = 0.1
) -> BudgetedRegistry:
    return BudgetedRegistry(registry, budget, Clock(), patience=patience, every=0.01)


@pytest.mark.parametrize("answer", [registries.Found((), EXHIBIT), registries.NoEntries(EXHIBIT)])
async def test_an_answer_is_passed_on_and_handed_to_the_budget(
    answer: registries.Found | registries.NoEntries,
) -> None:
    registry, budget = ScriptedRegistry(answer), ScriptedBudget(PERMIT)
    assert await budgeted(registry, budget).look_up(QUESTION) == answer
    assert budget.told == [("settle", PERMIT, answer)]


async def test_no_answer_gives_the_connection_back_and_keeps_nothing() -> None:
    none = registries.NoAnswer(Fault.TIMEOUT, "slow", EXHIBIT)
    registry, budget = ScriptedRegistry(none), ScriptedBudget(PERMIT)
    assert await budgeted(registry, budget).look_up(QUESTION) == none
    assert budget.told == [("settle", PERMIT, None)]


async def test_what_was_just_answered_is_not_asked_again() -> None:
    registry = ScriptedRegistry(registries.NoEntries(EXHIBIT))
    remembered = registries.NoEntries(replace(EXHIBIT, answer=b"earlier"))
    budget = ScriptedBudget(remembered)
    assert await budgeted(registry, budget).look_up(QUESTION) == remembered
    assert (registry.times, budget.told) == (0, [])


async def test_without_budget_nothing_is_asked_and_the_reason_is_in_the_evidence() -> None:
    registry = ScriptedRegistry(registries.NoEntries(EXHIBIT))
    answer = await budgeted(registry, ScriptedBudget(Spent("used up"))).look_up(QUESTION)
    exhibit = RawAnswer("nothing was asked", "whois.invalid:43", b"", NOW)
    assert answer == registries.NoAnswer(Fault.OUT_OF_BUDGET, "used up", exhibit)
    assert registry.times == 0


async def test_a_free_connection_is_waited_for() -> None:
    registry = ScriptedRegistry(registries.NoEntries(EXHIBIT))
    budget = ScriptedBudget(Busy(), Busy(), PERMIT)
    assert await budgeted(registry, budget).look_up(QUESTION) == registries.NoEntries(EXHIBIT)
    assert registry.times == 1


async def test_patience_with_a_busy_registry_ends() -> None:
    registry = ScriptedRegistry(registries.NoEntries(EXHIBIT))
    answer = await budgeted(registry, ScriptedBudget(Busy()), patience=0.05).look_up(QUESTION)
    assert isinstance(answer, registries.NoAnswer)
    assert answer.fault is Fault.OUT_OF_BUDGET
    assert registry.times == 0


async def test_who_waits_looks_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgeted_registry, "_LONGEST_WAIT", 1e9)

    class Counting(ScriptedBudget):
        looks = 0

        async def admit(self, question: registries.RegistryQuestion) -> Admission:
            self.looks += 1
            return await super().admit(question)

    budget = Counting(Busy())
    registry = ScriptedRegistry(registries.NoEntries(EXHIBIT))
    waits = BudgetedRegistry(registry, budget, Clock(), patience=2000, every=100)
    asking = asyncio.create_task(waits.look_up(QUESTION))
    while not asking.done():  # each turn of the loop takes a second
        leap(1)
        await asyncio.sleep(0)
    assert 4 <= budget.looks <= 8  # 2000 s at 100 s each would be twenty


async def test_giving_up_in_the_middle_gives_the_connection_back() -> None:
    class Slow:
        async def look_up(self, question: registries.RegistryQuestion) -> registries.RegistryAnswer:
            await asyncio.sleep(3600)
            raise AssertionError(question)

    budget = ScriptedBudget(PERMIT)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await BudgetedRegistry(Slow(), budget, Clock()).look_up(QUESTION)
    assert budget.told == [("settle", PERMIT, None)]


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        pytest.param(b"%ERROR:201: access denied for 192.0.2.1", 24 * 60, id="whois, denied"),
        pytest.param(b'{"text": "ERROR:201: access denied"}', 24 * 60, id="REST, denied"),
        pytest.param(b"%ERROR:306: connections exceeded", 10, id="too many connections"),
        pytest.param(b"%% Access denied", 10, id="IRRd"),
        pytest.param(b"remarks: ERROR:201\n%ERROR:306: busy", 10, id="a holder's words"),
        pytest.param(b'{"value": "\\"text\\": \\"ERROR:201"}', 10, id="a holder's, as JSON"),
        pytest.param(b"", 10, id="no words"),
    ],
)
async def test_a_registry_that_refuses_us_is_left_alone(said: bytes, pause: int) -> None:
    refusal = registries.NoAnswer(Fault.REFUSED, "denied", replace(EXHIBIT, answer=said))
    registry, budget = ScriptedRegistry(refusal), ScriptedBudget(PERMIT)
    assert await budgeted(registry, budget).look_up(QUESTION) == refusal
    # Held before the connection is free, or another worker would ask once more in between.
    assert budget.told == [("hold", timedelta(minutes=pause)), ("settle", PERMIT, None)]


async def test_the_pauses_are_the_operators_own() -> None:
    refusal = registries.NoAnswer(Fault.REFUSED, "denied", EXHIBIT)
    budget = ScriptedBudget(PERMIT)
    asks = BudgetedRegistry(
        ScriptedRegistry(refusal), budget, Clock(), back_off=BackOff(refused=timedelta(0))
    )
    await asks.look_up(QUESTION)
    assert budget.told[0] == ("hold", timedelta(0))
