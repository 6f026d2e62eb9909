"""Time, 1.4: a freeze that is lifted while the statistics name the holder of before forgets nobody.

Else whoever the next file names would count as the holder of before: the buyer, if it is sold that
day, or named for it again; and neither a freeze nor a dispute would follow.
"""

from byoip.domain.claims.lifecycle import Standing
from byoip.domain.watch.dispute import Side
from byoip.domain.watch.levels import Signal
from byoip.usecases.watch import lift
from tests.store.samples import BY
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.test_5_disputes import decide, disputed, open_ones
from tests.watch.test_5_holders import sold
from tests.watching import Days

SELLER, BUYER = (CIDR, "allocated", "seller"), (CIDR, "allocated", "buyer")


async def test_lifted_it_is_frozen_for_the_next_sale(days: Days, routes: Routes) -> None:
    for row in (BUYER, BUYER, SELLER):
        await sold(days, row)
    lifting = Verb(days.world.store, lift.lift_freeze)
    await lifting(routes.claim.id, reason="It was a mistake of the registry's.", by=BY)
    for _ in range(2):
        await sold(days, BUYER)
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}


async def test_decided_for_the_holder_the_claimant_is_heard_once_it_is_named_again(
    days: Days, routes: Routes
) -> None:
    buyer, dispute_id = await disputed(days, routes)
    await sold(days, SELLER)
    await decide(days, dispute_id, Side.HOLDER)
    for _ in range(2):
        await sold(days, BUYER)
    await days.world.issue(buyer)
    await days.world.prove(buyer)
    await days.snapshot()
    await days.world.validate(buyer)
    assert len(await open_ones(days)) == 1
    assert (await days.world.now(routes.claim)).standing is Standing.CONTESTED
