"""Disputes (1.5) and moves (1.6) with real speakers and a router: its log says that no route went.

The job of offboardings, and a new look at each speaker, are asked for as workers do it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from byoip.domain.claims.claim import Claim
from byoip.domain.watch.dispute import Side
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from byoip.worker.pace import Pace
from tests.announcing import Fleet, reconciling, until
from tests.real.edge import running_edge
from tests.routes.judging import FLAWLESS, Judge
from tests.usecases.routes import Routes
from tests.usecases.world import CIDR, WORKER
from tests.watch.test_5_disputes import decide, disputed
from tests.watch.test_6_moves import accept, offer, on_word
from tests.watching import Days

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

SOME_SYNCS = 4.0  # seconds, of one each second
GRACE = timedelta(days=7)
BESIDE = "31.9.0.0/24"  # of the same holder, in no dispute
BOUND = text("SELECT count(*) FROM bindings WHERE live AND prefix_id = :id")
PACE = Pace(every=timedelta(seconds=1))


@asynccontextmanager
async def seen_up(
    days: Days, routes: Routes, services: dict[str, UUID], *beside: Claim
) -> AsyncIterator[Judge]:
    """Its route and others are up at two speakers, and a router has them; else another is made."""
    every = [routes.claim.prefix]
    for one in beside or [await days.world.approved(BESIDE)]:
        binding = await days.world.bind(one, str(one.prefix), services["CDN"])
        await Routes(days.world, one, binding).patch(advertised=True)
        every.append(one.prefix)
    fleet = Fleet(days.world.engine, days.world.clock)
    async with running_edge("one", "two") as edge:
        judge, speakers = Judge(fleet, edge), edge.speakers.values()
        judge.have_announced(*every)
        async with reconciling(fleet, *speakers, listeners=[edge.listener], pace=PACE):
            await edge.until_seen(*every)
            await until(fleet.settled)
            yield judge


async def nothing_went(judge: Judge, seconds: float = SOME_SYNCS) -> None:
    await asyncio.sleep(seconds)
    await until(judge.fleet.settled)
    assert await judge.lists() == FLAWLESS


async def test_a_dispute_that_is_opened_and_decided_for_the_owner(
    days: Days, routes: Routes, services: dict[str, UUID]
) -> None:
    async with seen_up(days, routes, services) as judge:
        _, dispute_id = await disputed(days, routes)
        await nothing_went(judge)
        await decide(days, dispute_id, Side.HOLDER)
        await nothing_went(judge)


async def test_decided_for_the_claimant_the_old_route_goes_alone_and_the_claimants_comes(
    days: Days, routes: Routes, services: dict[str, UUID]
) -> None:
    world, old = days.world, routes.claim
    going_on = ContinueOffboardings(routes.store, world.clock, GRACE)
    async with seen_up(days, routes, services) as judge:
        rival, dispute_id = await disputed(days, routes)
        await decide(days, dispute_id, Side.CLAIMANT, early=True)
        await nothing_went(judge)  # the decision itself takes nothing down
        judge.may_go(old.prefix)
        await going_on(by=WORKER)
        await judge.edge.until_gone(old.prefix)
        await until(judge.fleet.settled)

        async def unbound() -> bool:
            world.clock.advance(timedelta(minutes=1))
            await going_on(by=WORKER)
            async with world.engine.connect() as connection:
                return not await connection.scalar(BOUND, {"id": old.id})

        await until(unbound)  # once it is confirmed that its route has gone
        assert (await world.now(old)).offboarding
        await proven(days, rival)
        assert (await world.now(rival)).approved  # it does not wait for the grace of the other
        theirs = Routes(world, rival, await world.bind(rival, CIDR, services["CDN"]))
        judge.have_announced(rival.prefix)
        await theirs.patch(advertised=True)
        await judge.edge.until_seen(rival.prefix)
        world.clock.advance(GRACE + timedelta(minutes=1))
        await going_on(by=WORKER)
        assert await world.state(old) == "closed"
        await nothing_went(judge)


async def proven(days: Days, claim: Claim) -> None:
    await days.world.issue(claim)
    await days.world.prove(claim)
    await days.snapshot()
    await days.world.validate(claim)


async def test_a_prefix_that_moves_while_it_is_announced(
    days: Days, routes: Routes, services: dict[str, UUID]
) -> None:
    world, claim = days.world, routes.claim
    async with seen_up(days, routes, services) as judge:
        to = await world.new_account()
        moved = await accept(world, to, await offer(world, claim, to))
        await nothing_went(judge)
        moved = await on_word(world, moved, await world.new_account())
        await nothing_went(judge)
        # its speakers follow the account that has it now
        judge.may_go(claim.prefix)
        await Routes(world, moved, routes.binding_id).patch(advertised=False)
        await judge.edge.until_gone(claim.prefix)
        await nothing_went(judge)
