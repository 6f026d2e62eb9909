"""Trust, 2.1: who moves a prefix to another account before its sale is held to that, too.

With an accomplice's account it would forget that it had the space: that account closes the prefix,
or keeps it until it is frozen, and the seller brings it again by its old zone.
"""

import pytest

from byoip.domain.claims.lifecycle import Standing
from tests.trust.test_2_1_space_given_up_before_the_sale import given_up, proven
from tests.usecases.routes import Routes
from tests.usecases.world import CIDR
from tests.watch.conftest import database_url, days, routes, services, world, world_engine
from tests.watch.test_4_after_a_sale import look_now
from tests.watch.test_5_disputes import claimed, open_ones
from tests.watch.test_5_holders import sold, still_up
from tests.watch.test_6_moves import accept, offer
from tests.watching import Days

__all__ = ["database_url", "days", "routes", "services", "world", "world_engine"]  # fixtures


async def moved(days: Days, routes: Routes) -> None:
    to = await days.world.new_account()
    routes.claim = await accept(days.world, to, await offer(days.world, routes.claim, to))


@pytest.mark.parametrize("sale", ["sold", "the same holder"])
async def test_2_1_an_accomplice_gives_it_up_and_the_seller_brings_it_again(
    days: Days, routes: Routes, sale: str
) -> None:
    await moved(days, routes)
    await look_now(days, routes)
    await days.run()
    await given_up(routes)
    await sold(days, (CIDR, "allocated", "buyer" if sale == "sold" else "seller"))
    again = await proven(days, await days.world.claim())
    assert again.approved is (sale != "sold")
    assert (again.standing is Standing.CONTESTED) is (sale == "sold")


async def test_2_1_an_accomplice_keeps_it_and_the_seller_opens_no_dispute(
    days: Days, routes: Routes
) -> None:
    await moved(days, routes)
    for _ in range(2):
        await sold(days, (CIDR, "allocated", "buyer"))
    seller = await proven(days, await days.world.claim())
    assert (seller.approved, seller.standing) == (False, Standing.CONTESTED)
    assert await open_ones(days) == []
    buyer = await claimed(days)
    assert [one.claimant.claim.id for one in await open_ones(days)] == [buyer.id]
    assert await still_up(routes)
