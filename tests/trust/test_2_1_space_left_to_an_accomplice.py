"""Trust, 2.1: space that a holder leaves around its sale goes to no other account by a proof.

Whenever it leaves: before any file tells of the buyer, or frozen, and brought back pending to look
as if it had not left. The other account may be its own, and what proves the space the old zone.
"""

from functools import partial

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.watch.dispute import Side
from byoip.domain.watch.validity import LONGEST
from byoip.usecases.claims import reopen
from byoip.usecases.watch import lift
from tests.store.samples import BY
from tests.trust.contests import remove, revoke
from tests.trust.test_2_1_space_given_up_before_the_sale import given_up
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.conftest import database_url, days, routes, services, world, world_engine
from tests.watch.test_4_after_a_sale import NEW, frozen, look_now, move
from tests.watch.test_5_disputes import claimed, decide, open_ones
from tests.watch.test_5_disputes_won import accomplice, result
from tests.watch.test_5_holders import sold
from tests.watching import DAY, Days

__all__ = ["database_url", "days", "routes", "services", "world", "world_engine"]  # fixtures


async def looked_at(days: Days, routes: Routes) -> None:
    await look_now(days, routes)
    await days.files()
    await days.run()


async def approved(days: Days) -> bool:
    """Whether another account is that proves it now."""
    other = await accomplice(days)
    await days.snapshot()
    ended = await result(days, other)
    assert ended in {RunResult.APPROVED, RunResult.CONTESTED}
    return ended is RunResult.APPROVED


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("way", ["removed", "revoked"])
async def test_2_1_left_before_any_file_tells_of_the_buyer(
    days: Days, routes: Routes, way: str, new: bool
) -> None:
    await looked_at(days, routes)
    await (given_up(routes) if way == "removed" else revoke(days.world, routes.claim))
    await sold(days, (CIDR, "allocated", "buyer"))
    if new:
        move(days, *NEW)
    assert not await approved(days)


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("back", [False, True])
async def test_2_1_frozen_and_given_up(days: Days, routes: Routes, back: bool, new: bool) -> None:
    await frozen(days, routes)
    await given_up(routes)
    if back:
        again = Verb(routes.store, partial(reopen.reopen, terms=days.world.terms))
        await again(*routes.ids, by=BY)
    if new:
        move(days, *NEW)
    assert not await approved(days)


async def test_2_1_after_the_longest_proof_it_is_as_any_other(days: Days, routes: Routes) -> None:
    await frozen(days, routes)
    await given_up(routes)
    days.world.clock.advance(LONGEST + DAY)
    assert await approved(days)


async def test_2_1_what_stood_there_as_it_was_frozen_once_before_says_nothing(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    await Verb(routes.store, lift.lift_freeze)(routes.claim.id, reason="A merger.", by=BY)
    move(days, *NEW)
    await looked_at(days, routes)
    await sold(days, (CIDR, "allocated", "another"))  # one file
    await given_up(routes)
    assert not await approved(days)


async def test_2_1_of_the_part_that_was_not_sold_it_says_nothing(
    days: Days, routes: Routes
) -> None:
    await given_up(routes)
    await sold(days, ("31.0.0.0/24", "allocated", "seller"), ("31.0.1.0/24", "allocated", "buyer"))
    for cidr, free in (("31.0.0.0/24", True), ("31.0.1.0/24", False)):
        other = await days.world.approved(cidr, account_id=await days.world.new_account())
        assert other.approved is free


async def test_2_1_whom_an_operator_decided_for_has_what_another_holder_left_by_its_proof_alone(
    days: Days, routes: Routes
) -> None:
    account = await days.world.new_account()
    both = [await days.world.approved(f"31.1.{one}.0/24", account_id=account) for one in (0, 1)]
    days.rows["ripencc"].append(("31.1.0.0/23", "allocated", "seller"))
    days.roas += [valid(str(one.prefix)) for one in both]
    await looked_at(days, routes)
    for _ in range(2):
        days.world.clock.advance(DAY)
        days.rows["ripencc"][-1] = ("31.1.0.0/23", "allocated", "buyer")
        await looked_at(days, routes)
    claimant = await claimed(days, "31.1.0.0/23")
    disputes = {one.holder.claim.id: one.dispute.id for one in await open_ones(days)}
    await decide(days, disputes[both[0].id], Side.CLAIMANT, early=True)
    await remove(days.world, both[1])
    assert await result(days, claimant) is RunResult.CONTESTED
