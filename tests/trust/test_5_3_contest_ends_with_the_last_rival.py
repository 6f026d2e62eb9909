"""Trust, 5.3: contested means that a rival exists; when the last one goes, it is over."""

import pytest

from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.domain.precondition import Precondition, PreconditionFailed
from byoip.usecases.claims import prefixes
from byoip.usecases.claims.close_unproven import CloseUnproven
from byoip.usecases.routes import offboarding
from tests.store.samples import BY
from tests.trust.contests import (
    GRACE,
    go_on,
    last_event,
    offboard,
    prove,
    release,
    remove,
    reserve,
    revoke,
    rival,
    stand,
    stands,
)
from tests.usecases.conftest import routes, services, world, world_engine
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import WEEK, WORKER, World

__all__ = ["routes", "services", "world", "world_engine"]  # fixtures


async def test_the_holder_leaves_and_the_other_is_approved_undisputed(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)
    assert await stands(world, holder) is await stands(world, other) is Standing.CONTESTED
    await remove(world, holder)
    assert await stands(world, other) is Standing.OK
    told = await last_event(world, other)
    assert (told.kind, told.before["standing"]) == ("prefix.ok", "contested")
    assert (told.after["standing"], told.after["because"]) == ("ok", "no rival is left")
    assert BY.name not in {told.actor, told.request_id}, "a rival's credential is not told"
    assert told.at == (await world.now(other)).modified_at
    await world.validate(other)
    now = await world.now(other)
    assert (now.approved, now.standing) == (True, Standing.OK)


async def test_a_mistaken_second_claim_is_deleted_and_the_first_announces(routes: Routes) -> None:
    world = routes.world
    other = await rival(world)
    assert await stands(world, routes.claim) is Standing.CONTESTED
    await remove(world, other)
    assert await stands(world, routes.claim) is Standing.OK
    assert (await routes.patch(advertised=True)).bgp_prefix.desired.advertised


async def test_a_revoked_approval_is_no_rival_of_either(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)
    await revoke(world, holder)
    assert await stands(world, holder) is await stands(world, other) is Standing.OK
    await world.validate(other)
    assert (await world.now(other)).approved


async def test_an_offboarded_holder_is_a_rival_until_it_is_closed(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)
    await offboard(world, holder)
    await go_on(world)
    assert await stands(world, other) is Standing.CONTESTED, "it can still be restored"
    world.clock.advance(GRACE)
    await go_on(world)
    assert await world.state(holder) == "closed"
    assert await stands(world, other) is Standing.OK


async def test_a_reservation_is_a_rival_until_it_is_released(world: World) -> None:
    claim = await world.claim()
    parts = [await reserve(world, f"31.0.{number}.0/24") for number in range(2)]
    await prove(world, claim)
    await release(world, parts[0])
    assert await stands(world, claim) is Standing.CONTESTED
    await release(world, parts[1])
    assert await stands(world, claim) is Standing.OK
    assert (await last_event(world, claim)).kind == "prefix.ok"


async def test_a_contest_lasts_as_long_as_any_rival(world: World) -> None:
    holder = await world.approved("31.0.0.0/22")
    others = [await rival(world, cidr) for cidr in ("31.0.0.0/23", "31.0.2.0/23", "31.0.0.0/22")]
    for one in others[:2]:
        await remove(world, one)
        assert await stands(world, holder) is Standing.CONTESTED
    await stand(world, others[2], Transition.SUSPENDED)
    assert await stands(world, holder) is Standing.CONTESTED, "it is still there, and has proven it"
    await stand(world, others[2], Transition.RESUMED)
    await remove(world, others[2])
    assert await stands(world, holder) is Standing.OK


async def test_the_operator_may_settle_earlier_and_a_settled_rival_ends_it_when_it_goes(
    world: World,
) -> None:
    holder = await world.approved()
    other = await rival(world)
    await stand(world, other, Transition.SETTLED)
    assert await stands(world, holder) is Standing.CONTESTED
    world.clock.advance(WEEK * 5)
    assert await CloseUnproven(world.store, world.clock)(by=WORKER) == 0  # told a day before
    world.clock.advance(WEEK / 7)
    assert await CloseUnproven(world.store, world.clock)(by=WORKER) == 1
    assert await stands(world, holder) is Standing.OK
    await rival(world)
    await stand(world, holder, Transition.SETTLED)
    assert await stands(world, holder) is Standing.OK


async def test_what_leaves_meanwhile_comes_back_undisputed(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)
    await offboard(world, holder)
    await go_on(world)
    await remove(world, other)
    assert (await world.kinds(holder)).count("offboarding.uncontested") == 1
    assert await stands(world, holder) is Standing.OFFBOARDING
    await Verb(world.store, offboarding.restore)(holder.account_id, holder.id, by=BY)
    assert await stands(world, holder) is Standing.OK


async def test_a_rival_that_could_not_leave_is_still_one(world: World) -> None:
    holder = await world.approved()
    other = await rival(world)
    late = Precondition(frozenset({99}))
    with pytest.raises(PreconditionFailed):
        await Verb(world.store, prefixes.remove)(other.account_id, other.id, by=BY, if_match=late)
    assert await stands(world, holder) is Standing.CONTESTED
    assert (await world.kinds(holder))[-1] == "prefix.contested"


async def test_others_contests_stay(world: World) -> None:
    holder, elsewhere = await world.approved(), await world.approved("31.0.4.0/23")
    other = await rival(world)
    await rival(world, "31.0.4.0/23")
    await remove(world, other)
    assert await stands(world, holder) is Standing.OK
    assert await stands(world, elsewhere) is Standing.CONTESTED
