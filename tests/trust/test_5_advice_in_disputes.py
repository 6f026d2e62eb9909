"""Trust, 5: a dispute is not advised for who proves the space by what its seller had there.

A seller's other account proves the old zone, and its seller keeps silent: the statistics name
another, all checks are valid, and nothing tells that the buyer is a third party.
"""

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.watch.dispute import Advised
from byoip.usecases.watch.show_dispute import show_dispute
from tests.usecases.routes import Routes
from tests.watch.conftest import database_url, days, routes, services, world, world_engine
from tests.watch.test_4_after_a_sale import NEW, frozen, look_now, move
from tests.watch.test_5_disputes import claimed, open_ones
from tests.watch.test_5_disputes_won import result
from tests.watching import DAY, Days

__all__ = ["database_url", "days", "routes", "services", "world", "world_engine"]  # fixtures
BEHIND_BOTH = "who sold the space may be behind both accounts"


async def advised(days: Days) -> tuple[Advised, bool]:
    """For whom, and whether it says why not for the claimant."""
    (only,) = await open_ones(days)
    said = (await show_dispute(days.world.reader, only.dispute.id, days.world.clock.now())).advice
    return said.advised, any(BEHIND_BOTH in one for one in said.reasons)


async def looks(days: Days, routes: Routes, many: int) -> None:
    for _ in range(many):
        days.world.clock.advance(DAY)
        await look_now(days, routes)
        await days.files()
        await days.snapshot()
        await days.run()


@pytest.mark.parametrize("moved_later", [False, True])
async def test_5_a_proof_by_the_old_zone_speaks_for_nobody(
    days: Days, routes: Routes, moved_later: bool
) -> None:
    await frozen(days, routes)
    await claimed(days)
    if moved_later:  # by the buyer, who is no customer yet
        move(days, *NEW)
    await looks(days, routes, 15)
    assert await advised(days) == (Advised.ASK, True)


async def test_5_one_by_another_delegation_speaks_for_the_claimant(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    move(days, *NEW)
    buyer = await claimed(days)
    await looks(days, routes, 2)
    assert await advised(days) == (Advised.ASK, True), "no look had seen it as it was proven"
    await days.world.prove(buyer)
    await days.snapshot()
    assert await result(days, buyer) is RunResult.CONTESTED
    await looks(days, routes, 13)
    assert await advised(days) == (Advised.CLAIMANT, False)
