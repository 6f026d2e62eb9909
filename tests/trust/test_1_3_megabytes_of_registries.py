"""Trust, 1.3: a megabyte of objects, as anyone writes into some registries, holds up no other run.

To judge it takes a second; it is done in threads, and while no registry is locked.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.registries.national import NATIONAL
from byoip.domain.checks.registry import Basis, Responsible
from byoip.domain.checks.rirs import RIRS
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Found
from byoip.ports.checks.registry_budget import Permit
from byoip.ports.threads import SHORT, unless_short
from byoip.store.checks import registry_budget
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.usecases.checks import ask_registries
from byoip.usecases.checks.ask_registries import AskRegistries
from byoip.usecases.checks.targets import CheckTarget
from tests.fakes.registry import FakeRouteRegistry
from tests.store.samples import SetClock, account, claim, token
from tests.store.test_registry_budget import budget, engine, question

__all__ = ["budget", "engine"]  # fixtures

LONG = "byoip.ports.threads.SHORT", -1  # whatever is judged is longer than that
JUDGES = {"judge_routes", "judge_token", "judge_covering", "in_doubt"}
JUDGES |= {"national_holders", "held_by_others"}
HELD = "inetnum: {ends}\nstatus: ASSIGNED PORTABLE\nmnt-by: A-MNT\nsource: APNIC\n"
WRITTEN = """
route: {prefix}
origin: AS64500
mnt-by: A-MNT
remarks: byoip-validation: {token}
source: APNIC
"""


class Noted(dict[str, set[threading.Thread]]):
    """In which threads functions run."""

    def of(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*about: Any) -> Any:
            self.setdefault(name, set()).add(threading.current_thread())
            return function(*about)

        return noted


async def test_what_registries_say_is_judged_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*LONG)
    noted = Noted()
    for name in JUDGES:
        monkeypatch.setattr(ask_registries, name, noted.of(name, getattr(ask_registries, name)))
    (apnic,) = [one for one in RIRS if one.key == "apnic"]
    twin = FakeRouteRegistry()
    asking = AskRegistries(twin, SetClock(), {}, frozenset(), "byoip-validation")
    responsible = Responsible(apnic, Basis.STATISTICS, NATIONAL[("apnic", "JP")])
    mine = claim(account().id)
    proof = token(mine)
    twin.put("APNIC", WRITTEN.format(prefix=mine.prefix, token=proof.value))
    ends = mine.prefix.network[0], mine.prefix.network[-1]
    twin.put("APNIC", HELD.format(ends=" - ".join(map(str, ends))))
    target = CheckTarget(mine.account_id, mine.prefix, mine.asn, proof)
    await asking(target, responsible)
    nowhere = Prefix.parse("198.51.100.0/24")
    await asking(CheckTarget(mine.account_id, nowhere, mine.asn), responsible)
    assert noted.keys() == JUDGES
    assert threading.main_thread() not in set.union(*noted.values())


async def test_a_remembered_answer_is_read_in_a_thread_and_without_a_lock(
    engine: AsyncEngine, budget: PostgresRegistryBudget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*LONG)
    asked = question()
    twin = FakeRouteRegistry()
    twin.put(asked.registry.source, WRITTEN.format(prefix=asked.prefix, token="a" * 32))
    answer = await twin.look_up(asked)
    permit = await budget.admit(asked)
    assert isinstance(answer, Found)
    assert isinstance(permit, Permit)
    await budget.settle(permit, asked, answer)
    noted, connections = Noted(), []
    read = noted.of("read", registry_budget._remembered)

    def remembered(row: Any) -> Any:
        connections.append(engine.pool.checkedout())  # type: ignore[attr-defined]  # of a queue
        return read(row)

    monkeypatch.setattr(registry_budget, "_remembered", remembered)
    assert await budget.admit(asked) == answer
    assert threading.main_thread() not in noted["read"]
    assert connections == [0]


@pytest.mark.parametrize(("size", "here"), [(SHORT, True), (SHORT + 1, False)])
async def test_only_what_is_short_is_done_in_the_event_loop(size: int, *, here: bool) -> None:
    done = await unless_short("a", size, threading.current_thread)
    assert (done is threading.main_thread()) is here
