"""Disputes: another account proves space whose holder changed. No route goes by itself."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.errors import Refusal
from byoip.domain.routes.bgp_prefix import Contested
from byoip.domain.watch.dispute import (
    DisputeEnd,
    DisputeEnded,
    DisputeTooYoung,
    PrefixDisputed,
    Side,
)
from byoip.domain.watch.freezing import PrefixFrozen
from byoip.domain.watch.levels import Signal
from byoip.store.gauges import Gauges
from byoip.store.watch.disputes import DisputeReader
from byoip.store.watch.views import DisputeView
from byoip.usecases.bindings import bindings
from byoip.usecases.claims import prefixes, standing
from byoip.usecases.watch import lift
from byoip.usecases.watch.decide_dispute import decide_dispute
from tests.store.samples import BY
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.test_5_holders import sold, still_up
from tests.watching import DAY, Days

WHY = "papers seen"
OPEN = "byoip_disputes_open"


async def claimed(days: Days, cidr: str = CIDR) -> Claim:
    """Another account proves the space."""
    world = days.world
    rival = await world.claim(cidr, account_id=await world.new_account())
    if cidr != CIDR:
        days.roas.append(valid(cidr))
    await world.prove(rival)
    await days.snapshot()
    await world.validate(rival)
    return await world.now(rival)


async def open_ones(days: Days) -> list[DisputeView]:
    return list(await DisputeReader(days.world.engine).listed())


async def disputed(days: Days, routes: Routes) -> tuple[Claim, UUID]:
    """The space is sold, its holder frozen, and the buyer proves it; the buyer's claim."""
    for _ in range(2):
        await sold(days, (CIDR, "allocated", "buyer"))
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    rival = await claimed(days)
    (only,) = await open_ones(days)
    assert (only.holder.claim.id, only.claimant.claim.id) == (routes.claim.id, rival.id)
    return rival, only.dispute.id


async def decide(days: Days, dispute_id: UUID, side: Side, *, early: bool = False) -> None:
    act = Verb(days.world.store, decide_dispute)
    await act(dispute_id, for_=side, reason=WHY, early=early, by=BY)


async def test_a_proof_of_frozen_space_opens_one_and_tells_both(days: Days, routes: Routes) -> None:
    rival, dispute_id = await disputed(days, routes)
    holder = await days.world.now(routes.claim)
    assert (holder.state, holder.standing) == (State.APPROVED, Standing.CONTESTED)
    assert (rival.state, rival.standing) == (State.PENDING, Standing.CONTESTED)
    for claim, side in ((holder, "holder"), (rival, "claimant")):
        (told,) = [one for one in await days.world.events(claim) if one.kind == "dispute.opened"]
        assert (told.after["side"], told.after["other"]) == (side, CIDR)
        assert told.after["dispute_id"] == dispute_id.hex
        until = told.at + timedelta(days=14)
        assert told.after["decide_from"] == until.isoformat()
    assert await still_up(routes)


async def test_an_open_one_is_a_figure_until_it_is_decided(days: Days, routes: Routes) -> None:
    figures = Gauges(days.world.engine)

    async def many() -> list[float]:
        read = await figures.read()
        return [value for one in read if one.name == OPEN for _, value in one.values]

    assert await many() == [0]
    _, dispute_id = await disputed(days, routes)
    assert await many() == [1]
    await decide(days, dispute_id, Side.HOLDER, early=True)
    assert await many() == [0]


async def test_it_stops_what_is_new_for_both(
    days: Days, routes: Routes, services: dict[str, UUID]
) -> None:
    world = days.world
    rival, _ = await disputed(days, routes)
    bind = Verb(world.store, bindings.bind)
    service = services["CDN"]
    for claim in (routes.claim, rival):
        with pytest.raises(Refusal) as refused:
            await bind(claim.account_id, claim.id, cidr="31.0.0.0/24", service_id=service, by=BY)
        assert refused.value.name in {"prefix_frozen", "prefix_not_valid_and_approved"}, (
            refused.value
        )
    await routes.patch(advertised=False)  # the owner may always withdraw
    with pytest.raises((Contested, PrefixFrozen)):
        await routes.patch(advertised=True)
    with pytest.raises(PrefixDisputed):
        await Verb(world.store, lift.lift_freeze)(routes.claim.id, reason=WHY, by=BY)


async def test_space_whose_holder_is_the_same_is_contested_as_before(
    days: Days, routes: Routes
) -> None:
    rival = await claimed(days)
    assert rival.standing is Standing.CONTESTED
    assert await open_ones(days) == []
    assert await days.frozen_for(routes.claim) == set()
    # one file is no change of holder yet
    await sold(days, (CIDR, "allocated", "buyer"))
    await days.world.prove(rival)
    await days.snapshot()
    await days.world.validate(rival)
    assert await open_ones(days) == []


async def test_a_freeze_that_the_breaker_holds_is_done_for_a_dispute(
    days: Days, routes: Routes
) -> None:
    for _ in range(2):
        await sold(days, (CIDR, "allocated", "buyer"))
    await routes.execute("UPDATE prefixes SET frozen_for = '{}'")  # as it is while that is held
    await routes.execute(
        "UPDATE prefix_watches SET level = 'notice' WHERE signal = 'holder' AND level = 'freeze'"
    )
    await claimed(days)
    assert len(await open_ones(days)) == 1
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}


async def test_it_is_opened_once_for_each_claimant(days: Days, routes: Routes) -> None:
    rival, dispute_id = await disputed(days, routes)
    await days.world.validate(rival)
    assert [one.dispute.id for one in await open_ones(days)] == [dispute_id]
    await claimed(days, "31.0.0.0/24")
    assert len(await open_ones(days)) == 2


async def test_decided_for_the_holder(days: Days, routes: Routes) -> None:
    rival, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.HOLDER)  # at any time
    holder = await days.world.now(routes.claim)
    assert (holder.state, holder.standing) == (State.APPROVED, Standing.OK)
    assert holder.frozen_for == frozenset()
    assert await still_up(routes)
    for claim in (holder, rival):
        last = [one for one in await days.world.events(claim) if one.kind == "dispute.ended"]
        assert [(one.after["ended"], one.after["reason"]) for one in last] == [("holder", WHY)]
    with pytest.raises(DisputeEnded):
        await decide(days, dispute_id, Side.CLAIMANT, early=True)
    # what is there now counts as right: the same claimant is contested, as before
    await days.world.validate(rival)
    assert await open_ones(days) == []
    await sold(days, (CIDR, "allocated", "buyer"))
    assert await days.frozen_for(routes.claim) == set()


async def test_decided_for_the_claimant_after_14_days(days: Days, routes: Routes) -> None:
    rival, dispute_id = await disputed(days, routes)
    days.world.clock.advance(13 * DAY)
    with pytest.raises(DisputeTooYoung):
        await decide(days, dispute_id, Side.CLAIMANT)
    days.world.clock.advance(DAY)
    await decide(days, dispute_id, Side.CLAIMANT)
    holder = await days.world.now(routes.claim)
    assert (holder.state, holder.standing) == (State.PENDING, Standing.OFFBOARDING)
    # workers carry it out, past the breaker; until then all is as it was
    assert await still_up(routes)
    assert holder.frozen_for == {Signal.HOLDER}  # so no proof of it counts alone
    rival = await days.world.now(rival)
    assert (rival.state, rival.standing) == (State.PENDING, Standing.OK)
    await days.world.issue(rival)
    await days.world.prove(rival)
    await days.snapshot()
    await days.world.validate(rival)
    assert (await days.world.now(rival)).approved
    assert await still_up(routes)


async def test_early_and_only_on_a_persons_word(days: Days, routes: Routes) -> None:
    _, dispute_id = await disputed(days, routes)
    for _ in range(20):
        days.world.clock.advance(DAY)
        await days.files()
        await days.snapshot()
        await days.run()
    assert len(await open_ones(days)) == 1
    assert (await days.world.now(routes.claim)).approved
    assert await still_up(routes)
    await decide(days, dispute_id, Side.CLAIMANT, early=True)
    assert await open_ones(days) == []


async def test_one_of_two_claimants_is_not_heard_by_the_others_decision(
    days: Days, routes: Routes
) -> None:
    _, first = await disputed(days, routes)
    await claimed(days, "31.0.0.0/24")
    await decide(days, first, Side.HOLDER)
    holder = await days.world.now(routes.claim)
    assert (set(holder.frozen_for), holder.standing) == ({Signal.HOLDER}, Standing.CONTESTED)
    (second,) = await open_ones(days)
    await decide(days, second.dispute.id, Side.HOLDER)
    holder = await days.world.now(routes.claim)
    assert (holder.frozen_for, holder.standing) == (frozenset(), Standing.OK)


async def ended(days: Days, dispute_id: UUID) -> DisputeEnd | None:
    return (await DisputeReader(days.world.engine).one(dispute_id)).dispute.ended


async def test_it_ends_as_the_claimant_gives_up(days: Days, routes: Routes) -> None:
    rival, dispute_id = await disputed(days, routes)
    await Verb(days.world.store, prefixes.remove)(rival.account_id, rival.id, by=BY)
    assert await ended(days, dispute_id) is DisputeEnd.GONE
    holder = await days.world.now(routes.claim)
    assert (holder.standing, set(holder.frozen_for)) == (Standing.OK, {Signal.HOLDER})
    told = [one for one in await days.world.events(holder) if one.kind == "dispute.ended"]
    assert [(one.after["ended"], one.actor) for one in told] == [("gone", "worker")]
    with pytest.raises(DisputeEnded):
        await decide(days, dispute_id, Side.HOLDER)


async def test_and_as_the_holders_approval_goes(days: Days, routes: Routes) -> None:
    _, dispute_id = await disputed(days, routes)
    await Verb(days.world.store, standing.revoke_approval)(routes.claim.id, reason=WHY, by=BY)
    assert await ended(days, dispute_id) is DisputeEnd.GONE
    assert await still_up(routes)


async def test_giving_up_while_it_is_decided_ends_it_once(days: Days, routes: Routes) -> None:
    for _ in range(3):
        rival, dispute_id = await disputed(days, routes)
        remove = Verb(days.world.store, prefixes.remove)
        done = await asyncio.gather(
            decide(days, dispute_id, Side.HOLDER),
            decide(days, dispute_id, Side.HOLDER),
            remove(rival.account_id, rival.id, by=BY),
            return_exceptions=True,
        )
        assert isinstance(done[0], DisputeEnded) or isinstance(done[1], DisputeEnded)
        assert done[2] is None or not isinstance(done[2], BaseException)
        holder = await days.world.now(routes.claim)
        told = [one for one in await days.world.events(holder) if one.kind == "dispute.ended"]
        assert len([one for one in told if one.after["dispute_id"] == dispute_id.hex]) == 1
        assert await still_up(routes)
        if holder.frozen_for:
            await Verb(days.world.store, lift.lift_freeze)(holder.id, reason=WHY, by=BY)
        for _ in range(2):
            await sold(days, (CIDR, "allocated", "seller"))
