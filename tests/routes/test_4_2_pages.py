"""Routes 4.2: statements and calls come with pages of routes, not with routes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Route
from byoip.domain.speakers.reconciliation import DesiredRoute, Plan, RouteState, plan, planning
from byoip.store.autocommit import AutocommitPool
from byoip.store.routes.notices import ring
from byoip.store.speakers import route_statements as sql
from byoip.store.statements import Statement
from byoip.usecases.speakers import observe, sync_speaker
from tests.announcing import MARKING, QUICK, Fleet, listener, reconciling, speaker, until
from tests.many_routes import ipv4

PAGE = 100
WRITES: Mapping[Statement, str] = {
    sql.MARK_POSSIBLY_INSTALLED: "asked",
    sql.MARK_ANNOUNCED: "announced",
    sql.WITHDRAWABLE: "to withdraw",
    sql.MARK_WITHDRAWN: "withdrawn",
    sql.SETTLE: "settled",
    sql.OBSERVATIONS: "observed",
}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """How many rows each statement was given."""
    given: dict[str, list[int]] = {name: [] for name in WRITES.values()}
    ask = AutocommitPool.ask

    async def counted(self: AutocommitPool, statement: Statement, **asked: Any) -> list[Any]:
        if name := WRITES.get(statement):
            given[name].append(asked["ids"].count(",") + 1)
        return await ask(self, statement, **asked)

    monkeypatch.setattr(AutocommitPool, "ask", counted)
    monkeypatch.setattr(sync_speaker, "_PAGE", PAGE)
    monkeypatch.setattr(observe, "_PAGE", PAGE)
    return given


@pytest.mark.parametrize("pages", [2, 6])
async def test_each_page_is_one_statement_and_one_call(
    fleet: Fleet, written: dict[str, list[int]], pages: int
) -> None:
    one, two = speaker("one"), speaker("two")
    (first,) = await fleet.add("31.0.0.0/24", advertised=True)
    many = ipv4(pages * PAGE)
    async with reconciling(fleet, one, two, listeners=[listener(one, two)], pace=QUICK):
        await until(fleet.settled)
        before = {each.name: each.calls("announce") for each in (one, two)}
        for given in written.values():
            given.clear()
        await fleet.add(*many, advertised=True)
        await tell(fleet)
        await until(fleet.settled)
        assert [one.paths.keys(), two.paths.keys()] == [{first, *map(Prefix.parse, many)}] * 2
    for each in (one, two):
        assert each.calls("announce") == before[each.name] + pages
        told = [paths for asked, paths in each.asked if asked == "announce"]
        assert max(map(len, told)) == PAGE
    assert [len(written[name]) for name in ("asked", "announced")] == [2 * pages] * 2
    assert written["settled"] == [PAGE] * pages
    assert max(written["observed"]) == PAGE
    assert len(written["observed"]) <= 10 * pages  # both stages and the watcher, some in two looks


async def test_withdrawals_come_in_pages_too(fleet: Fleet, written: dict[str, list[int]]) -> None:
    one = speaker("one")
    prefixes = await fleet.add(*ipv4(2 * PAGE), advertised=True)
    async with reconciling(fleet, one, listeners=[listener(one)]):
        await until(fleet.settled)
    await fleet.withdraw(*prefixes)  # while no process reconciles: the next tells all at once
    async with reconciling(fleet, one, listeners=[listener(one)]):
        await until(lambda: not one.paths)
        await until(fleet.settled)
    told = [len(paths) for asked, paths in one.asked if asked == "withdraw"]
    assert told[:2] == [PAGE, PAGE]
    assert written["to withdraw"][:2] == written["withdrawn"][:2] == [PAGE, PAGE]


def test_a_plan_for_very_many_routes_leaves_time_for_others() -> None:
    at = datetime.now().astimezone()
    states = [
        RouteState(DesiredRoute(uuid4(), uuid4(), route, advertised=True, change=2, at=at))
        for route in (Route(Prefix.parse(one), Asn(64500)) for one in ipv4(3500))
    ]
    made = Plan()
    assert sum(1 for _ in planning(made, states, MARKING, lambda *_: True, {})) == 4
    assert made == plan(states, MARKING, lambda *_: True, {})
    assert len(made.announce) == len(states)


async def tell(fleet: Fleet) -> None:
    async with fleet.store.transaction() as tx:
        await ring(tx.session)
