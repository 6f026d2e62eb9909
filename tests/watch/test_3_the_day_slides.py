"""The day of the breaker of levels slides, and is each registry's and signal's own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import RiseState
from byoip.store.watch.views import HeldRises
from tests.usecases.routes import Routes
from tests.watch import test_8_in_proportion
from tests.watch.test_3_breaker_of_levels import ALLOWED, MANY, claims, decide
from tests.watching import DAY, HOUR, Days

__all__ = ["claims"]  # a fixture

MINUTE = timedelta(minutes=1)
DONE, HELD = RiseState.DONE, RiseState.HELD


async def rise(days: Days, claim: Claim, signal: Signal = Signal.ROA) -> RiseState:
    async with days.world.store.transaction() as tx:
        return await tx.watches.rise(claim, signal, Level.WARN, tx.now)


async def held(days: Days) -> HeldRises | None:
    return next(iter(await days.world.reader.watches.held_rises()), None)


async def test_what_rose_a_day_ago_counts_no_more(days: Days, claims: list[Claim]) -> None:
    """Two at first, three eight hours later; each makes room as its own day is over."""
    clock = days.world.clock
    assert [await rise(days, one) for one in claims[:2]] == [DONE] * 2
    clock.advance(8 * HOUR)
    assert [await rise(days, one) for one in claims[2:6]] == [DONE] * 3 + [HELD]
    clock.advance(16 * HOUR - MINUTE)
    assert await rise(days, claims[6]) is HELD
    clock.advance(2 * MINUTE)
    assert [await rise(days, one) for one in claims[7:9]] == [DONE] * 2
    assert await rise(days, claims[2]) is DONE, "it is one of the five"
    assert await rise(days, claims[0]) is HELD, "its own of yesterday counts no more, either"


async def test_one_that_rises_again_counts_once(days: Days, claims: list[Claim]) -> None:
    first, *others = claims
    assert [await rise(days, first) for _ in range(ALLOWED)] == [DONE] * ALLOWED
    assert [await rise(days, one) for one in others[:ALLOWED]] == [DONE] * (ALLOWED - 1) + [HELD]


async def test_what_is_held_waits_for_a_person_however_much_time_passes(
    days: Days, claims: list[Claim]
) -> None:
    for one in claims:
        await rise(days, one)
    days.world.clock.advance(3 * DAY)
    listed = await held(days)
    assert listed is not None
    assert (listed.registry, listed.signal, listed.rises) == ("ripencc", "roa", MANY - ALLOWED)
    assert await rise(days, claims[-1]) is HELD, "what is held is not let through by a new day"


async def test_each_signal_and_registry_has_its_own_day(days: Days, claims: list[Claim]) -> None:
    for one in claims[:ALLOWED]:
        await rise(days, one)
    assert await rise(days, claims[-1]) is HELD
    assert await rise(days, claims[-1], Signal.REVERSE_ZONE) is DONE
    assert await rise(days, replace(claims[-2], registry="apnic")) is DONE


async def test_of_many_prefixes_a_share_may_rise(
    days: Days, claims: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of a hundred, where that is more than five."""
    monkeypatch.setattr(test_8_in_proportion, "MANY", 350)
    await test_8_in_proportion.crowd(days.world, claims[0])
    assert [await rise(days, one) for one in claims[:8]] == [DONE] * 7 + [HELD]


@pytest.mark.parametrize("state", [RiseState.RELEASED, RiseState.DROPPED])
async def test_what_is_decided_makes_no_room_and_takes_none(
    days: Days, routes: Routes, claims: list[Claim], state: RiseState
) -> None:
    del routes
    days.roas = [{**one, "asn": 64501} for one in days.roas]
    await days.go_on(4 * HOUR, step=4 * HOUR)
    assert await decide(days, state) == MANY - ALLOWED
    await days.run()
    late = await days.world.approved("31.60.0.0/24")
    assert await rise(days, late, Signal.ROA_INVALID) is HELD
    days.world.clock.advance(DAY)
    assert await rise(days, claims[0], Signal.ROA_INVALID) is DONE
