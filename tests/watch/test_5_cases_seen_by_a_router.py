"""Time, section 5: what a customer's records go through, with real speakers; no route went.

Each case is judged in its own test (`test_5_holders.py`, `test_5_records.py`); here a router's log
says of all of them, one after the other, that nothing was withdrawn.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from byoip.domain.watch.levels import Signal
from tests.usecases.routes import Routes, valid
from tests.usecases.world import CIDR
from tests.watch.test_5_6_seen_by_a_router import BESIDE, nothing_went, seen_up
from tests.watch.test_5_holders import sold
from tests.watch.test_5_records import STEP, WEEK, zone_lost
from tests.watching import Days

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


async def the_roa_is_deleted_for_a_week(days: Days) -> None:
    days.roas = [valid("30.0.0.0/8")]
    await days.go_on(WEEK + STEP, step=STEP)


async def another_has_the_roa(days: Days) -> None:
    days.roas = [valid(CIDR, origin=64501), valid(BESIDE, origin=64501)]
    await days.go_on(timedelta(days=1) + STEP, step=STEP)


async def it_is_sold(days: Days) -> None:
    for _ in range(2):
        await sold(days, (CIDR, "allocated", "buyer"))


async def it_is_returned(days: Days) -> None:
    for _ in range(2):
        await sold(days, (CIDR, "available", ""))


async def a_worker_sleeps_for_a_week(days: Days) -> None:
    days.world.clock.advance(WEEK)
    await days.files()
    await days.snapshot()
    await days.run()


CASES: list[tuple[Callable[[Days], Awaitable[None]], Signal]] = [
    (the_roa_is_deleted_for_a_week, Signal.ROA),
    (zone_lost, Signal.REVERSE_ZONE),
    (another_has_the_roa, Signal.ROA_INVALID),
    (it_is_sold, Signal.HOLDER),
    (it_is_returned, Signal.HOLDER),
    (a_worker_sleeps_for_a_week, Signal.HOLDER),
]


async def test_no_case_takes_a_route_down(
    days: Days, routes: Routes, services: dict[str, UUID]
) -> None:
    async with seen_up(days, routes, services) as judge:
        for case, signal in CASES:
            await case(days)
            assert signal in await days.frozen_for(routes.claim), case.__name__
            await nothing_went(judge)
