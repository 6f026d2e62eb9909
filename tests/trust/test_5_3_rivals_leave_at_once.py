"""Trust, 5.3: rivals that leave, claim or come back in the same moment, on a real Postgres."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing
from byoip.store.transaction import Transaction
from byoip.usecases.claims import prefixes, reservations, standing
from byoip.usecases.routes import offboarding
from tests.store.samples import BY
from tests.trust.contests import (
    WHY,
    offboard,
    prove,
    release,
    remove,
    require_rivals,
    reserve,
    revoke,
    rival,
    stands,
)
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

Going = Callable[[Transaction], Awaitable[object]]
WAITS = 0.3  # seconds: long enough for a transaction that does not wait


async def side_by_side(world: World, first: Going, second: Awaitable[object]) -> None:
    """Let the first do all but commit, then the second as far as it comes; then both end."""
    world.store.excused = True
    async with world.store.transaction(actor=BY) as tx:
        await first(tx)
        other = asyncio.ensure_future(second)
        await asyncio.wait([other], timeout=WAITS)
    await other


def leaving(claim: Claim) -> Going:
    return lambda tx: prefixes.remove(tx, claim.account_id, claim.id)


async def test_the_last_two_rivals_leave_at_once(world: World) -> None:
    holder = await world.approved()
    one, two = await rival(world), await rival(world)
    await side_by_side(world, leaving(one), remove(world, two))
    assert await stands(world, holder) is Standing.OK
    assert (await world.kinds(holder)).count("prefix.ok") == 1


async def test_the_last_two_rivals_are_a_holder_and_a_reservation(world: World) -> None:
    for number, holder_first in enumerate([True, False]):
        holder = await world.approved(f"31.{number}.0.0/24")
        other = await world.claim(f"31.{number}.0.0/23", account_id=await world.new_account())
        kept = await reserve(world, f"31.{number}.1.0/24")
        await prove(world, other)
        if holder_first:
            await side_by_side(world, leaving(holder), release(world, kept))
        else:
            await side_by_side(world, releasing(kept), remove(world, holder))
        assert await stands(world, other) is Standing.OK


def releasing(kept: UUID) -> Going:
    return lambda tx: reservations.release(tx, kept, reason=WHY)


async def test_each_is_the_others_last_rival_and_both_leave_at_once(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)
    await side_by_side(world, leaving(holder), remove(world, other))
    assert await world.state(holder) == await world.state(other) == "closed"


async def test_one_leaves_while_another_proves_the_space(world: World) -> None:
    holder = await world.approved()
    leaver = await rival(world)
    comer = await world.claim(account_id=await world.new_account())
    await world.prove(comer)
    run = await world.request(comer)
    await side_by_side(world, leaving(leaver), world.carry_out(run))
    assert await stands(world, holder) is await stands(world, comer) is Standing.CONTESTED
    await require_rivals(world, [holder, leaver, comer])


async def test_the_holder_leaves_while_another_proves_the_space(world: World) -> None:
    holder = await world.approved()
    comer = await world.claim(account_id=await world.new_account())
    await world.prove(comer)
    run = await world.request(comer)
    await side_by_side(world, leaving(holder), world.carry_out(run))
    now = await world.now(comer)
    assert (now.approved, now.standing) == (True, Standing.OK)


async def test_a_reservation_is_released_while_an_account_proves_the_space(world: World) -> None:
    comer = await world.claim()
    kept = await reserve(world, "31.0.0.0/24")
    await world.prove(comer)
    run = await world.request(comer)
    await side_by_side(world, releasing(kept), world.carry_out(run))
    now = await world.now(comer)
    assert (now.approved, now.standing) == (True, Standing.OK)


async def test_one_comes_back_while_the_last_rival_leaves(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)
    await offboard(world, holder)

    def restoring(tx: Transaction) -> Awaitable[object]:
        return offboarding.restore(tx, holder.account_id, holder.id)

    await side_by_side(world, restoring, remove(world, other))
    assert await stands(world, holder) is Standing.OK


async def test_an_approval_is_revoked_while_the_rival_leaves(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)

    def revoking(tx: Transaction) -> Awaitable[object]:
        return standing.revoke_approval(tx, holder.id, reason=WHY)

    await side_by_side(world, revoking, remove(world, other))
    assert await stands(world, holder) is Standing.OK


@pytest.mark.parametrize("attempt", range(8))
async def test_in_any_order_none_is_contested_without_a_rival_and_none_waits_in_a_circle(
    world: World, attempt: int
) -> None:
    world.store.excused = True
    holder = await world.approved("31.0.0.0/22")
    cidrs = ["31.0.0.0/22", "31.0.0.0/23", "31.0.2.0/24", "31.0.0.0/21"]
    others = [await rival(world, cidr) for cidr in cidrs]
    comer = await world.claim("31.0.3.0/24", account_id=await world.new_account())
    await world.prove(comer)
    runs = [await world.request(one) for one in (*others, comer)]
    claims = [holder, *others, comer]
    ends = [remove(world, others[attempt % 4]), remove(world, others[(attempt + 1) % 4])]
    ends.append(revoke(world, holder) if attempt % 2 else remove(world, holder))
    await asyncio.gather(*map(world.carry_out, runs), *ends)
    await require_rivals(world, claims)
    for one in claims:
        if await world.state(one) != "closed":
            events = await world.kinds(one)
            assert events.count("prefix.ok") <= events.count("prefix.contested")
