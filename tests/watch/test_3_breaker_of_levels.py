"""A day brings some rises of a registry and signal; what is beyond is held for a person."""

import asyncio
from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.watch.freezing import NotFrozen
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import NothingHeld, RiseState
from byoip.usecases.watch import lift
from tests.store.samples import BY
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.watch.test_5_holders import still_up
from tests.watching import DAY, Days

MANY = 9
ALLOWED = 5
STEP = timedelta(hours=4)


@pytest.fixture
async def claims(days: Days, routes: Routes) -> list[Claim]:
    """Nine prefixes of one registry, the first announced."""
    return await days.beside(routes.claim, MANY)


async def levels(days: Days, claims: list[Claim]) -> list[Level]:
    return [await days.level(one, Signal.ROA_INVALID) for one in claims]


async def lost(days: Days) -> None:
    """All ROAs of the registry are for another origin."""
    days.roas = [{**one, "asn": 64501} for one in days.roas]
    await days.go_on(STEP, step=STEP)


async def decide(days: Days, state: RiseState) -> int:
    deciding = Verb(days.world.store, lift.decide)
    return await deciding("ripencc", Signal.ROA_INVALID, state=state, reason="Seen.", by=BY)


async def test_mass_roa_loss_at_one_registry(
    days: Days, routes: Routes, claims: list[Claim]
) -> None:
    await lost(days)
    assert sorted(await levels(days, claims)) == [Level.NONE] * 4 + [Level.WARN] * ALLOWED
    (held,) = await days.world.reader.watches.held_rises()
    assert (held.registry, held.signal, held.rises) == ("ripencc", Signal.ROA_INVALID, 4)
    await days.go_on(3 * DAY, step=STEP)
    frozen = [one for one in claims if await days.frozen_for(one)]
    assert len(frozen) == ALLOWED, "what rose before goes on, what is held does not"
    assert await still_up(routes)


async def test_what_is_released_rises(days: Days, claims: list[Claim]) -> None:
    await lost(days)
    assert await decide(days, RiseState.RELEASED) == MANY - ALLOWED
    await days.run()
    assert await levels(days, claims) == [Level.WARN] * MANY
    assert await days.world.reader.watches.held_rises() == []
    with pytest.raises(NothingHeld):
        await decide(days, RiseState.RELEASED)


async def test_what_is_dropped_starts_again(days: Days, claims: list[Claim]) -> None:
    await lost(days)
    before = await levels(days, claims)
    assert await decide(days, RiseState.DROPPED) == MANY - ALLOWED
    await days.run()
    watches = [(await days.watches(one))[Signal.ROA_INVALID] for one in claims]
    dropped = [one for one, level in zip(watches, before, strict=True) if level is Level.NONE]
    assert [one.failing_since for one in dropped] == [None] * 4


async def test_what_recovers_is_held_no_more(days: Days, claims: list[Claim]) -> None:
    await lost(days)
    days.roas = [{**one, "asn": 64500} for one in days.roas]
    await days.go_on(STEP, step=STEP)
    assert await levels(days, claims) == [Level.NONE] * MANY
    assert await days.world.reader.watches.held_rises() == []


async def test_two_workers_at_once_hold_as_many(days: Days, claims: list[Claim]) -> None:
    store, now = days.world.store, days.world.clock.now()

    async def rises(claim: Claim) -> RiseState:
        async with store.transaction() as tx:
            return await tx.watches.rise(claim, Signal.ROA, Level.WARN, now)

    for one in claims[: ALLOWED - 1]:
        assert await rises(one) is RiseState.DONE
    last, beyond = claims[ALLOWED - 1], claims[ALLOWED]
    async with store.transaction() as tx:  # one worker has not committed yet
        assert await tx.watches.rise(last, Signal.ROA, Level.WARN, now) is RiseState.DONE
        other = asyncio.create_task(rises(beyond))
        done, _ = await asyncio.wait([other], timeout=0.3)
        assert not done, "the other one waits for it"
    assert await other is RiseState.HELD


async def test_workers_at_once_count_each_prefix_once(days: Days, claims: list[Claim]) -> None:
    days.roas = [{**one, "asn": 64501} for one in days.roas]
    days.world.clock.advance(STEP)
    await days.snapshot()
    await asyncio.gather(days.run(), days.run(), days.run())
    assert sorted(await levels(days, claims)) == [Level.NONE] * 4 + [Level.WARN] * ALLOWED


async def test_the_operator_lifts_a_freeze(days: Days, claims: list[Claim]) -> None:
    await lost(days)
    await days.go_on(DAY + STEP, step=STEP)
    frozen, *_ = [one for one in claims if await days.frozen_for(one)]
    lifting = Verb(days.world.store, lift.lift_freeze)
    await lifting(frozen.id, reason="They told us by telephone.", by=BY)
    assert await days.frozen_for(frozen) == set()
    await days.go_on(STEP, step=STEP)
    assert await days.frozen_for(frozen) == set(), "the time starts again"
    with pytest.raises(NotFrozen, match=r"not frozen\.$"):
        await lifting(frozen.id, reason="Again.", by=BY)
