"""Trust, 2.1: who gives a prefix up before its sale is seen does not get it back by the old zone.

While it is approved its watch tells of the buyer. A seller that has it closed before any file does,
and brings it again afterwards, would be approved by its old zone, uncontested, as soon as the buyer
has published a ROA for the operator; and its watch would know the buyer as the holder of before.
"""

from datetime import timedelta
from functools import partial

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.watch.validity import LONGEST
from byoip.usecases.claims import prefixes, reopen, standing
from tests.store.samples import BY
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.conftest import database_url, days, routes, services, world, world_engine
from tests.watch.test_4_after_a_sale import NEW, look_now, move
from tests.watch.test_5_holders import sold
from tests.watching import DAY, Days, spare

__all__ = ["database_url", "days", "routes", "services", "world", "world_engine"]  # fixtures

MONTH = timedelta(days=30)


async def given_up(routes: Routes) -> None:
    await routes.patch(advertised=False)
    await routes.unbind()
    removing = Verb(routes.store, partial(prefixes.remove, grace=MONTH))
    await removing(*routes.ids, by=BY)


async def proven(days: Days, claim: Claim) -> Claim:
    await days.world.prove(claim)
    await days.world.validate(claim)
    return await days.world.now(claim)


@pytest.mark.parametrize("way", ["brought again", "restored", "revoked by the operator"])
async def test_2_1_given_up_before_any_file_tells_of_the_buyer(
    days: Days, routes: Routes, way: str
) -> None:
    claim = routes.claim
    await look_now(days, routes)
    await days.run()
    if way == "revoked by the operator":
        revoking = Verb(routes.store, standing.revoke_approval)
        await routes.patch(advertised=False)
        await revoking(claim.id, reason="Contract ended.", by=BY)
    else:
        await given_up(routes)
    await sold(days, (CIDR, "allocated", "buyer"))
    match way:
        case "restored":
            reopening = Verb(routes.store, partial(reopen.reopen, terms=days.world.terms))
            await reopening(*routes.ids, by=BY)
        case "brought again":
            claim = await days.world.claim()
        case _:
            await days.world.issue(claim)
    seller = await proven(days, claim)
    assert (seller.approved, seller.standing) == (False, Standing.CONTESTED)
    move(days, *NEW)  # also by a seller that has a rightful buyer's servers named before it sells
    other = await days.world.approved(account_id=await days.world.new_account())
    assert (other.approved, other.standing) == (False, Standing.CONTESTED), "a person decides"


async def test_2_1_the_part_that_was_not_sold_comes_back(days: Days, routes: Routes) -> None:
    await given_up(routes)
    kept, gone = ("31.0.0.0/24", "allocated", "seller"), ("31.0.1.0/24", "allocated", "buyer")
    await sold(days, kept, gone)
    assert (await proven(days, await days.world.claim(kept[0]))).approved
    assert not (await proven(days, await days.world.claim(gone[0]))).approved


async def test_2_1_of_the_same_holder_it_comes_back(days: Days, routes: Routes) -> None:
    await given_up(routes)
    await sold(days, (CIDR, "assigned", "seller"))
    assert (await proven(days, await days.world.claim())).approved


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_2_1_so_it_does_by_the_new_id_that_a_registry_gave_it(
    days: Days, routes: Routes, times: int
) -> None:
    await given_up(routes)
    for one in range(times):
        anew = spare(60, holder=f"anew-{one}")
        days.rows["ripencc"] = [(CIDR, "allocated", f"seller-anew-{one}"), *anew]
        await days.files()
    assert (await proven(days, await days.world.claim())).approved


async def test_2_1_who_sold_it_between_two_new_numberings_has_lost_it(
    days: Days, routes: Routes
) -> None:
    await given_up(routes)
    for one, holder in enumerate(("seller", "buyer", "buyer")):
        anew = spare(60, holder=f"anew-{one}")
        days.rows["ripencc"] = [(CIDR, "allocated", f"{holder}-anew-{one}"), *anew]
        await days.files()
        if not one:
            days.rows["ripencc"] = [(CIDR, "allocated", "buyer-anew-0"), *anew]
            await days.files()
    assert not (await proven(days, await days.world.claim())).approved


async def test_2_1_after_the_longest_proof_it_is_as_any_other(days: Days, routes: Routes) -> None:
    await given_up(routes)
    days.world.clock.advance(LONGEST + DAY)
    await sold(days, (CIDR, "allocated", "buyer"))
    assert (await proven(days, await days.world.claim())).approved
