"""Short ways to say how a contest over space begins and how a rival leaves it."""

from datetime import timedelta
from uuid import UUID

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, State, Transition
from byoip.domain.history import Actor
from byoip.store.claims.views import NumberedEvent
from byoip.usecases.claims import prefixes, reservations, standing
from byoip.usecases.routes import offboarding
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, WORKER, World

OPERATOR = Actor("operator:1", "request-9")
WHY = "a ticket"
GRACE = timedelta(days=7)


async def rival(world: World, cidr: str = CIDR) -> Claim:
    """Another account that has proven space which is approved for one."""
    claim = await world.claim(cidr, account_id=await world.new_account())
    await prove(world, claim)
    return claim


async def prove(world: World, claim: Claim) -> None:
    """It is proven, and contested: others hold the space, or it was reserved meanwhile."""
    await world.prove(claim)
    assert (await world.validate(claim)).run.result is RunResult.CONTESTED


async def remove(world: World, claim: Claim) -> None:
    await Verb(world.store, prefixes.remove)(claim.account_id, claim.id, by=BY)


async def revoke(world: World, claim: Claim) -> None:
    await Verb(world.store, standing.revoke_approval)(claim.id, reason=WHY, by=OPERATOR)


async def stand(world: World, claim: Claim, move: Transition) -> None:
    changing = Verb(world.store, standing.change_standing)
    await changing(claim.id, transition=move, reason=WHY, by=OPERATOR)


async def offboard(world: World, claim: Claim) -> None:
    await Verb(world.store, offboarding.offboard)(claim.account_id, claim.id, by=BY)


async def restore(world: World, claim: Claim) -> None:
    await Verb(world.store, offboarding.restore)(claim.account_id, claim.id, by=BY)


async def go_on(world: World) -> None:
    """The worker takes all offboardings as far as they go now."""
    await ContinueOffboardings(world.store, world.clock, GRACE)(by=WORKER)


async def reserve(world: World, cidr: str) -> UUID:
    """For an account that has no prefix."""
    reserving = Verb(world.store, reservations.reserve)
    other = await world.new_account()
    return (await reserving(other, cidr=cidr, reason=WHY, by=OPERATOR)).id


async def release(world: World, reservation: UUID) -> None:
    await Verb(world.store, reservations.release)(reservation, reason=WHY, by=OPERATOR)


async def stands(world: World, claim: Claim) -> Standing:
    return (await world.now(claim)).standing


async def last_event(world: World, claim: Claim) -> NumberedEvent:
    return (await world.events(claim))[-1]


async def require_rivals(world: World, claims: list[Claim]) -> None:
    """What is contested has a rival: judged here by hand, from what is kept now."""
    now = [await world.now(one) for one in claims if await world.state(one) != "closed"]
    for one in now:
        if one.standing is Standing.CONTESTED:
            assert any(_rivals(one, other) for other in now if other.id != one.id), one


def _rivals(one: Claim, other: Claim) -> bool:
    overlap = one.prefix.network.overlaps(other.prefix.network)
    proven = other.state is State.APPROVED or (
        one.state is State.APPROVED and other.standing is Standing.CONTESTED
    )
    return overlap and proven
