"""Trust, 4.5: a space with thousands of contests costs no account that has other space.

Nobody waits for a transaction of another space, however long it takes, and no claim without proof
makes those wait who use the space. Each test holds one transaction open until the other has ended.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta

from byoip.domain.claims.claim import UNPROVEN_AFTER, Claim
from byoip.domain.claims.lifecycle import Standing
from byoip.store.transaction import Transaction
from byoip.usecases.claims import prefixes
from byoip.usecases.claims.close_unproven import CloseUnproven
from byoip.usecases.claims.contests import contest_holders, lock_to_leave
from tests.store.samples import BY
from tests.trust.contests import remove, rival, stands
from tests.trust.test_5_3_rivals_leave_at_once import WAITS, leaving, side_by_side
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import WORKER, World

__all__ = ["world", "world_engine"]  # fixtures

LARGE, INSIDE, BESIDE, AROUND = "31.0.0.0/16", "31.0.5.0/24", "31.1.0.0/24", "31.0.0.0/12"
DEADLINE = 60  # seconds: what has to wait waits for ever


async def meanwhile(doing: Awaitable[object]) -> None:
    await asyncio.wait_for(doing, DEADLINE)


@asynccontextmanager
async def under_way(world: World, claim: Claim) -> AsyncIterator[None]:
    """A claim is removed, and the transaction takes its time."""
    world.store.excused = True
    async with world.store.transaction(actor=BY) as tx:
        await leaving(claim)(tx)
        yield


async def proven(world: World, cidr: str) -> Claim:
    """Another account's, which its next run will approve."""
    claim = await world.claim(cidr, account_id=await world.new_account())
    await world.prove(claim)
    return claim


async def contested_large(world: World) -> Claim:
    """A large claim that is contested with the holder of a part."""
    await world.approved(INSIDE)
    return await rival(world, LARGE)


async def test_others_are_approved_while_a_contest_ends_beside_them(world: World) -> None:
    large, comer = await contested_large(world), await proven(world, BESIDE)
    async with under_way(world, large):
        await meanwhile(world.validate(comer))
        assert (await world.now(comer)).approved


async def test_others_are_approved_while_a_claim_without_proof_around_them_goes(
    world: World,
) -> None:
    around = await world.claim(AROUND, account_id=await world.new_account())
    comer = await proven(world, BESIDE)
    async with under_way(world, around):
        await meanwhile(world.validate(comer))
        assert (await world.now(comer)).approved


async def test_a_claim_without_proof_waits_for_no_space_so_none_waits_behind_it(
    world: World,
) -> None:
    around, old, gone = [
        await world.claim(AROUND, account_id=await world.new_account()) for _ in range(3)
    ]
    large = await contested_large(world)
    async with under_way(world, large):
        await meanwhile(world.validate(around))
        await meanwhile(remove(world, gone))
    world.clock.advance(UNPROVEN_AFTER)
    await CloseUnproven(world.store, world.clock)(by=WORKER)  # they are told a day before
    world.clock.advance(timedelta(days=1))
    async with under_way(world, await rival(world, LARGE)):
        await meanwhile(CloseUnproven(world.store, world.clock)(by=WORKER))
        assert await world.state(old) == "closed"


async def test_one_that_is_contested_just_before_it_goes_is_the_last_rival(world: World) -> None:
    holder = await world.approved(LARGE)
    comer = await world.claim(INSIDE, account_id=await world.new_account())

    async def contesting(tx: Transaction) -> None:
        await tx.claims.lock_space(comer.prefix)
        claim = await tx.claims.lock(comer.id)
        await contest_holders(tx, await tx.claims.approved_overlapping(claim.prefix))
        await tx.claims.save(claim.contest(tx.now))

    async def other_takes_the_space() -> None:
        async with world.store.transaction() as tx:
            await tx.claims.lock_space(comer.prefix)

    async def goes() -> None:
        async with world.store.transaction(actor=BY) as tx:
            await lock_to_leave(tx, comer.id)
            other = asyncio.ensure_future(other_takes_the_space())
            done, _ = await asyncio.wait([other], timeout=WAITS)
            await prefixes.remove(tx, comer.account_id, comer.id)
        await other
        assert not done

    await side_by_side(world, contesting, goes())
    assert await world.state(comer) == "closed"
    assert (await world.kinds(holder))[-2:] == ["prefix.contested", "prefix.ok"]


async def test_the_last_two_rivals_of_one_leave_different_parts_of_it_at_once(
    world: World,
) -> None:
    holder = await world.approved(LARGE)
    one, two = await rival(world, INSIDE), await rival(world, "31.0.6.0/24")
    await side_by_side(world, leaving(one), remove(world, two))
    assert await stands(world, holder) is Standing.OK
    assert (await world.kinds(holder)).count("prefix.ok") == 1


async def test_two_that_begin_and_end_contests_in_different_parts_of_one_wait_for_its_holder(
    world: World,
) -> None:
    holder = await world.approved(LARGE)
    goer, comer = await rival(world, INSIDE), await proven(world, "31.0.6.0/24")
    run = await world.request(comer)
    await side_by_side(world, leaving(goer), world.carry_out(run))
    assert await stands(world, holder) is await stands(world, comer) is Standing.CONTESTED
