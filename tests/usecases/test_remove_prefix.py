"""Claims end when their owner asks for it, or when they stay unproved."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from byoip.domain.checks.validation_run import RunState
from byoip.domain.claims.claim import UNPROVEN_AFTER, ClaimNotFound, WithdrawFirst
from byoip.usecases.claims import prefixes
from byoip.usecases.claims.close_unproven import CloseUnproven
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, WORKER, World


@pytest.fixture
def remove(world: World) -> Verb[None]:
    return Verb(world.store, prefixes.remove)


async def test_a_removed_prefix_ends_with_its_token_and_its_run(
    world: World, remove: Verb[None]
) -> None:
    claim = await world.claim()
    run_id = await world.request(claim)
    await remove(claim.account_id, claim.id, by=BY)
    assert await world.state(claim) == "closed"
    assert await world.run_states(claim) == [RunState.CANCELLED]
    last = (await world.events(claim))[-1]
    assert (last.kind, last.before, last.after) == (
        "prefix.closed",
        {"state": "pending"},
        {"state": "closed"},
    )
    await world.carry_out(run_id)  # its job is still there
    assert world.dns.asked == []
    async with world.store.transaction() as tx:
        assert await tx.tokens.live(claim.id) is None
    with pytest.raises(ClaimNotFound):
        await remove(claim.account_id, claim.id, by=BY)


async def test_removing_an_approved_prefix_frees_its_space(
    world: World, remove: Verb[None]
) -> None:
    claim = await world.approved()
    await remove(claim.account_id, claim.id, by=BY)
    again = await world.approved(account_id=await world.new_account())
    assert again.approved


async def test_a_prefix_in_use_is_not_removed(
    world: World, remove: Verb[None], services: dict[str, UUID]
) -> None:
    claim = await world.approved()
    await world.bind(claim, CIDR, services["CDN"])
    before = await world.everything()
    with pytest.raises(WithdrawFirst):
        await remove(claim.account_id, claim.id, by=BY)
    assert await world.everything() == before
    assert (await world.now(claim)).approved


async def test_only_ones_own_prefix_can_be_removed(world: World, remove: Verb[None]) -> None:
    claim = await world.claim()
    with pytest.raises(ClaimNotFound):
        await remove(uuid4(), claim.id, by=BY)
    assert await world.state(claim) == "pending"


async def test_claims_that_stay_unproved_are_closed_after_thirty_days(world: World) -> None:
    approved = await world.approved("31.0.8.0/24")
    old = await world.claim()
    await world.request(old)
    close = CloseUnproven(world.store, world.clock)
    world.clock.advance(UNPROVEN_AFTER - timedelta(days=1))
    assert await close(by=WORKER) == 0  # it is told
    world.clock.advance(timedelta(days=1, seconds=-1))
    young = await world.claim("31.0.4.0/24")
    assert await close(by=WORKER) == 0
    world.clock.advance(timedelta(seconds=2))
    assert await close(by=WORKER) == 1
    assert [await world.state(one) for one in (approved, old, young)] == [
        "approved",
        "closed",
        "pending",
    ]
    assert await world.run_states(old) == [RunState.CANCELLED]
    last = (await world.events(old))[-1]
    assert (last.kind, last.actor) == ("prefix.closed", "worker")
    assert await close(by=WORKER) == 0
