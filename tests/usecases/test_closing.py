"""A claim without proof: when it closes, what puts that off, and that its customer is told."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.closing import closes_at, term_ends
from byoip.domain.claims.lifecycle import Transition
from byoip.usecases.checks.perspectives.look_again import look_again
from byoip.usecases.claims.close_unproven import CloseUnproven
from tests.store.samples import BY
from tests.trust.contests import stand
from tests.usecases.verbs import Verb
from tests.usecases.world import WORKER, World

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def close(world: World) -> CloseUnproven:
    return CloseUnproven(world.store, world.clock)


async def told(world: World, claim: Claim) -> list[Any]:
    """Days that were left, at each notice."""
    events = await world.events(claim)
    return [one.after["days"] for one in events if one.kind == "prefix.closing"]


async def test_its_customer_is_told_once_a_week_and_once_a_day_before(
    world: World, close: CloseUnproven
) -> None:
    claim = await world.claim()
    heard = []
    for moment in (23 * DAY - SECOND, 23 * DAY, 24 * DAY, 29 * DAY - SECOND, 29 * DAY, 29.5 * DAY):
        world.clock.advance(claim.created_at + moment - world.clock.now())
        assert await close(by=WORKER) == 0
        assert await close(by=WORKER) == 0
        heard.append(await told(world, claim))
    assert heard == [[], [7], [7], [7], [7, 1], [7, 1]]
    [first, _] = [one for one in await world.events(claim) if one.kind == "prefix.closing"]
    assert first.after["closes_at"] == (claim.created_at + 30 * DAY).isoformat()
    world.clock.advance(DAY)
    assert await close(by=WORKER) == 1


async def test_one_that_is_found_late_is_told_what_is_left(
    world: World, close: CloseUnproven
) -> None:
    claim = await world.claim()
    world.clock.advance(29 * DAY + SECOND)
    await close(by=WORKER)
    await close(by=WORKER)
    assert await told(world, claim) == [1]


async def test_two_workers_tell_it_once(world: World, close: CloseUnproven) -> None:
    world.store.excused = True
    claims = [await world.claim(f"31.0.{number}.0/24") for number in range(10)]
    world.clock.advance(24 * DAY)
    await asyncio.gather(*(close(by=WORKER) for _ in range(4)))
    assert [await told(world, claim) for claim in claims] == [[7]] * 10


async def test_asking_for_validation_in_the_last_week_gives_until_day_sixty_once(
    world: World, close: CloseUnproven
) -> None:
    claim = await world.claim()
    world.clock.advance(23 * DAY - SECOND)
    await world.request(claim)
    assert term_ends(await world.now(claim)) == claim.created_at + 30 * DAY
    world.clock.advance(SECOND)
    await close(by=WORKER)
    await world.request(claim)
    assert term_ends(await world.now(claim)) == claim.created_at + 60 * DAY
    assert (await world.kinds(claim)).count("prefix.extended") == 1
    world.clock.advance(30 * DAY)  # day 53
    assert await close(by=WORKER) == 0
    assert await told(world, claim) == [7, 7]
    await world.request(claim)
    assert (await world.kinds(claim)).count("prefix.extended") == 1
    world.clock.advance(6 * DAY)
    assert await close(by=WORKER) == 0
    assert await told(world, claim) == [7, 7, 1]
    world.clock.advance(DAY)
    assert await close(by=WORKER) == 1


async def test_an_operator_who_has_places_asked_again_uses_up_nothing_of_its_customers(
    world: World,
) -> None:
    claim = await world.claim()
    world.clock.advance(24 * DAY)
    await Verb(world.store, look_again)(claim.id, reason="They disagree.", by=BY)
    assert "validation.requested" in await world.kinds(claim)
    assert term_ends(await world.now(claim)) == claim.created_at + 30 * DAY
    await world.request(claim)
    assert term_ends(await world.now(claim)) == claim.created_at + 60 * DAY


async def test_a_worker_extends_nothing_and_an_approved_prefix_does_not_close(
    world: World, close: CloseUnproven
) -> None:
    approved = await world.approved("31.0.8.0/24")
    claim = await world.claim()
    run_id = await world.request(claim)
    world.clock.advance(25 * DAY)
    await world.carry_out(run_id)
    assert term_ends(await world.now(claim)) == claim.created_at + 30 * DAY
    assert term_ends(await world.now(approved)) is None
    await world.request(approved)
    await close(by=WORKER)
    assert await told(world, approved) == []


async def test_one_that_can_be_closed_late_is_told_and_has_a_day(
    world: World, close: CloseUnproven
) -> None:
    """Its time ended while it was suspended: what was said before is not said of now."""
    claim = await world.claim()
    world.clock.advance(29 * DAY)
    await close(by=WORKER)
    assert await told(world, claim) == [1]
    await stand(world, claim, Transition.SUSPENDED)
    world.clock.advance(11 * DAY)
    await stand(world, claim, Transition.RESUMED)
    now = await world.now(claim)
    assert closes_at(now, world.clock.now()) == world.clock.now() + DAY
    for _ in range(2):
        assert await close(by=WORKER) == 0
    assert await told(world, claim) == [1, 1]
    last = [one for one in await world.events(claim) if one.kind == "prefix.closing"][-1]
    assert last.after["closes_at"] == (world.clock.now() + DAY).isoformat()
    world.clock.advance(DAY - SECOND)
    assert await close(by=WORKER) == 0
    world.clock.advance(SECOND)
    assert await close(by=WORKER) == 1


async def test_what_is_shown_is_never_past_and_a_late_request_keeps_it_until_day_sixty(
    world: World, close: CloseUnproven
) -> None:
    claim = await world.claim()
    for days in (10, 19, 0.5, 0.5, 1, 3, 20):
        world.clock.advance(days * DAY)
        shown = closes_at(await world.now(claim), world.clock.now())
        assert shown is not None
        assert shown >= world.clock.now()
    assert await close(by=WORKER) == 0
    await world.request(claim)
    end = claim.created_at + 60 * DAY
    assert closes_at(await world.now(claim), world.clock.now()) == end
