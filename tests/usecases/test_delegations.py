"""Delegating, ending, expiring; and all of it at once."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from byoip.domain.bindings.service_binding import PrefixNotApproved
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.claims.delegation import (
    DelegateNotFound,
    Delegation,
    DelegationNotFound,
    DelegationOverlaps,
    DelegationToOwner,
)
from byoip.domain.errors import Refusal
from byoip.usecases.claims import delegations, prefixes, standing
from byoip.usecases.claims.delegations import EndExpiredDelegations
from tests.store.samples import BY
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, WORKER, World

HOUR = timedelta(hours=1)
LOWER, UPPER = "31.0.0.0/24", "31.0.1.0/24"


@pytest.fixture
async def delegate(world: World) -> UUID:
    return await world.new_account()


@pytest.fixture
async def claim(world: World) -> Claim:
    return await world.approved()


def delegating(
    world: World, claim: Claim, to: UUID, cidr: str = CIDR, *, until: datetime | None = None
) -> Awaitable[Delegation]:
    return Verb(world.store, delegations.delegate)(
        claim.account_id, claim.id, cidr=cidr, delegated_account_id=to, expires_at=until, by=BY
    )


def ending(world: World, claim: Claim, delegation_id: UUID) -> Awaitable[UUID]:
    return Verb(world.store, delegations.take_back)(
        claim.account_id, claim.id, delegation_id, by=BY
    )


def removing(world: World, claim: Claim) -> Awaitable[None]:
    return Verb(world.store, prefixes.remove)(claim.account_id, claim.id, by=BY)


def expiring(world: World) -> Awaitable[int]:
    return EndExpiredDelegations(world.store, world.clock)(by=WORKER)


async def revoking(world: World, claim: Claim) -> None:
    await Verb(world.store, standing.revoke_approval)(claim.id, reason="a ticket", by=BY)


async def received(world: World, account_id: UUID) -> list[Delegation]:
    now = world.clock.now()
    return list(await world.reader.received_delegations(account_id, now=now, after=None, limit=100))


async def last_kinds(world: World, claim: Claim, many: int) -> list[str]:
    return (await world.kinds(claim))[-many:]


async def test_a_delegation_begins_and_ends_and_the_history_tells(
    world: World, claim: Claim, delegate: UUID
) -> None:
    until = world.clock.now() + HOUR
    made = await delegating(world, claim, delegate, LOWER, until=until)
    assert await received(world, delegate) == [made]
    assert await ending(world, claim, made.id) == made.id
    assert await received(world, delegate) == []
    begun, ended = (await world.events(claim))[-2:]
    shown = {
        "delegation_id": made.id.hex,
        "cidr": LOWER,
        "delegated_account_id": delegate.hex,
        "expires_at": until.isoformat(),
    }
    assert (begun.kind, begun.before, begun.after) == ("delegation.created", {}, shown)
    assert (ended.kind, ended.before, ended.after) == ("delegation.ended", shown, {})
    with pytest.raises(DelegationNotFound):
        await ending(world, claim, made.id)


async def test_a_refused_delegation_leaves_nothing_behind(
    world: World, claim: Claim, delegate: UUID
) -> None:
    await delegating(world, claim, delegate, LOWER)
    before = await world.everything(), await world.events(claim)
    stranger = UUID(int=7)
    refused: list[tuple[UUID, str, type[Refusal]]] = [
        (delegate, CIDR, DelegationOverlaps),
        (claim.account_id, UPPER, DelegationToOwner),
        (stranger, UPPER, DelegateNotFound),
    ]
    for to, cidr, refusal in refused:
        with pytest.raises(refusal):
            await delegating(world, claim, to, cidr)
    assert (await world.everything(), await world.events(claim)) == before
    assert len(await received(world, delegate)) == 1


async def test_who_asks_in_vain_learns_of_no_account(world: World, delegate: UUID) -> None:
    unproven = await world.claim()
    for to in (delegate, UUID(int=7)):  # one that exists, one that does not: the same answer
        with pytest.raises(PrefixNotApproved):
            await delegating(world, unproven, to)


async def test_an_expired_delegation_neither_shows_nor_blocks(
    world: World, claim: Claim, delegate: UUID
) -> None:
    other = await world.new_account()
    old = await delegating(world, claim, delegate, until=world.clock.now() + HOUR)
    world.clock.advance(HOUR)
    assert await received(world, delegate) == []
    with pytest.raises(DelegationNotFound):
        await ending(world, claim, old.id)
    new = await delegating(world, claim, other)
    assert await received(world, other) == [new]
    expired, _ = (await world.events(claim))[-2:]
    assert (expired.kind, expired.before["delegation_id"]) == ("delegation.expired", old.id.hex)
    assert await last_kinds(world, claim, 1) == ["delegation.created"]


async def test_the_worker_records_what_has_expired_and_nothing_else(
    world: World, claim: Claim, delegate: UUID
) -> None:
    await delegating(world, claim, delegate, LOWER, until=world.clock.now() + HOUR)
    lasting = await delegating(world, claim, delegate, UPPER, until=world.clock.now() + 2 * HOUR)
    assert await expiring(world) == 0
    world.clock.advance(HOUR)
    assert await expiring(world) == 1
    assert await expiring(world) == 0
    event = (await world.events(claim))[-1]
    assert (event.kind, event.actor, event.before["cidr"]) == (
        "delegation.expired",
        WORKER.name,
        LOWER,
    )
    assert await received(world, delegate) == [lasting]


async def test_delegations_end_with_their_prefix(
    world: World, claim: Claim, delegate: UUID
) -> None:
    await delegating(world, claim, delegate, LOWER)
    await delegating(world, claim, delegate, UPPER)
    await removing(world, claim)
    assert await received(world, delegate) == []
    assert await last_kinds(world, claim, 3) == [
        "delegation.ended",
        "delegation.ended",
        "prefix.closed",
    ]


async def test_delegations_end_with_the_approval(
    world: World, claim: Claim, delegate: UUID
) -> None:
    await delegating(world, claim, delegate)
    await revoking(world, claim)
    assert await received(world, delegate) == []


async def test_while_a_route_is_up_delegations_outlive_the_approval(
    world: World, routes: Routes, delegate: UUID
) -> None:
    claim = routes.claim
    await world.roas(valid(CIDR))
    up = (await routes.patch(advertised=True)).bgp_prefix.id
    await routes.apply(up, holds=True)
    made = await delegating(world, claim, delegate)
    await revoking(world, claim)
    assert await received(world, delegate) == [made]
    assert await expiring(world) == 0
    await routes.patch(advertised=False)
    assert await expiring(world) == 0  # a speaker holds it still
    await routes.apply(up, holds=False)
    await routes.observe(up, "rr1", sees=True)
    assert await expiring(world) == 0
    await routes.observe(up, "rr1", sees=False)
    assert await received(world, delegate) == [made]
    assert await expiring(world) == 1
    assert await received(world, delegate) == []
    assert await last_kinds(world, claim, 1) == ["delegation.ended"]
    assert await expiring(world) == 0


async def test_who_proves_the_prefix_again_keeps_its_delegations(
    world: World, routes: Routes, delegate: UUID
) -> None:
    await world.roas(valid(CIDR))
    await routes.patch(advertised=True)
    made = await delegating(world, routes.claim, delegate)
    await revoking(world, routes.claim)
    approve = Verb(world.store, standing.approve)
    await approve(routes.claim.id, reason="a ticket", by=BY)
    await routes.patch(advertised=False)
    assert await expiring(world) == 0
    assert await received(world, delegate) == [made]


async def test_bindings_stay_with_the_owner(
    world: World, claim: Claim, delegate: UUID, services: dict[str, UUID]
) -> None:
    binding = await world.bind(claim, CIDR, services["CDN"])
    made = await delegating(world, claim, delegate)
    await ending(world, claim, made.id)
    found = await world.reader.bindings(claim.account_id, claim.id, after=None, limit=9)
    assert [one.id for one in found] == [binding]
    with pytest.raises(ClaimNotFound):
        await world.reader.bindings(delegate, claim.id, after=None, limit=9)


async def settled(*racing: Awaitable[object]) -> list[object]:
    """How each ended; a refusal by its kind, anything else that is raised fails the test."""

    async def one(at: Awaitable[object]) -> object:
        try:
            return await at
        except Refusal as refusal:
            return type(refusal)

    return await asyncio.gather(*(one(at) for at in racing))


async def test_of_many_that_want_the_same_addresses_one_gets_them(
    world: World, claim: Claim, delegate: UUID
) -> None:
    wanted = [CIDR, LOWER, CIDR, LOWER, "31.0.0.7/32", CIDR]
    ends = await settled(*(delegating(world, claim, delegate, cidr) for cidr in wanted))
    won = [one for one in ends if isinstance(one, Delegation)]
    lost = [one for one in ends if one is DelegationOverlaps]
    assert len(won) + len(lost) == len(wanted)
    assert await received(world, delegate) == sorted(won, key=lambda one: (one.created_at, one.id))
    assert not [(a, b) for a in won for b in won if a is not b and a.cidr.overlaps(b.cidr)]


async def test_a_prefix_that_goes_meanwhile_takes_every_delegation_along(
    world: World, claim: Claim, delegate: UUID
) -> None:
    cidrs = [f"31.0.0.{number}/32" for number in range(6)]
    starts = [delegating(world, claim, delegate, cidr) for cidr in cidrs]
    ends = await settled(*starts[:3], removing(world, claim), *starts[3:])
    assert {one for one in ends if not isinstance(one, Delegation)} <= {None, ClaimNotFound}
    assert await world.state(claim) == "closed"
    assert await received(world, delegate) == []
    kinds = await world.kinds(claim)
    assert kinds.count("delegation.created") == kinds.count("delegation.ended")
    assert kinds[-1] == "prefix.closed"


async def test_a_delegation_ends_once_however_many_end_it(
    world: World, claim: Claim, delegate: UUID
) -> None:
    made = await delegating(world, claim, delegate, until=world.clock.now() + HOUR)
    ends = await settled(*(ending(world, claim, made.id) for _ in range(4)))
    assert sorted(map(str, ends)) == sorted(map(str, [made.id, *[DelegationNotFound] * 3]))
    assert (await world.kinds(claim)).count("delegation.ended") == 1
    again = await delegating(world, claim, delegate, until=world.clock.now() + HOUR)
    world.clock.advance(HOUR)
    counts = await asyncio.gather(*(expiring(world) for _ in range(4)))
    assert sum(counts) == 1
    assert (await world.kinds(claim)).count("delegation.expired") == 1
    assert again.id != made.id


async def test_an_expired_one_on_a_prefix_that_is_gone_is_no_concern(
    world: World, claim: Claim, delegate: UUID
) -> None:
    await delegating(world, claim, delegate, until=world.clock.now() + HOUR)
    world.clock.advance(HOUR)
    ends = await settled(removing(world, claim), expiring(world))
    assert ends[0] is None
    kinds = await world.kinds(claim)
    assert kinds.count("delegation.ended") + kinds.count("delegation.expired") == 1
