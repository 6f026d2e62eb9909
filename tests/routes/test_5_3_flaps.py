"""Routes 5.3: what flaps stays withdrawn longer; withdrawing never waits; flips are one route."""

from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.routes.breaker import WithdrawalsStopped
from byoip.domain.routes.flaps import FREE, LONGEST_WAIT, AnnouncedTooOften, Flaps
from tests.rules.estate import WIDE, Estate


async def flip(estate: Estate, claim: Claim, times: int) -> None:
    """Withdrawn and announced by its owner; it is up before, and down after."""
    for one in range(times):
        if one:
            await estate.want(claim)
        await estate.take_down(claim)


async def test_one_route_that_flaps_stops_no_other_withdrawal(estate: Estate) -> None:
    estate = Estate(estate.engine, estate.clock, replace(WIDE, per_account=2))
    claim = await estate.advertised(await estate.account(), 1, 2)
    await flip(estate, claim, FREE - 1)
    await estate.take_down(claim, 1)  # urgent
    await estate.want(claim)
    await estate.take_down(claim)  # it counts already
    assert await estate.operators() == []
    with pytest.raises(WithdrawalsStopped):
        await estate.take_down(claim, 2)  # three routes are more than two


async def test_a_route_that_flaps_stays_withdrawn_and_may_be_withdrawn_at_any_time(
    estate: Estate,
) -> None:
    claim = await estate.advertised(await estate.account(), 1)
    for wait in (60, 120):
        await flip(estate, claim, FREE + 1 if wait == 60 else 1)
        with pytest.raises(AnnouncedTooOften) as refused:
            await estate.want(claim)
        assert wait - 10 < (refused.value.retry_after or 0) <= wait
        await estate.later(seconds=wait)
        await estate.want(claim)
    assert await estate.up(claim) == 2  # the other route has never waited


async def test_what_its_blockers_say_is_what_its_announcement_is_told(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await flip(estate, claim, FREE + 1)
    assert [type(one) for one in await obstacles(estate, claim)] == [AnnouncedTooOften]
    await estate.later(seconds=60)
    assert await obstacles(estate, claim) == []
    await estate.want(claim)


async def test_a_route_that_is_deleted_and_added_again_flaps_on(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account(), 1)
    for times in range(FREE + 1):
        if times:
            await estate.want(claim, 1)
        await estate.take_down(claim, 1)
        await estate.replace(claim, 1)
    with pytest.raises(AnnouncedTooOften):
        await estate.want(claim, 1)


async def test_a_prefix_that_is_let_go_and_restored_again_and_again_is_owed_its_route(
    estate: Estate,
) -> None:
    claim = await estate.advertised(await estate.account())
    for _ in range(FREE):
        await estate.offboard(claim)
        await estate.go_on()
        assert (await estate.restore(claim)).withheld == ()
    await estate.offboard(claim)
    await estate.go_on()
    [withheld] = (await estate.restore(claim)).withheld
    assert withheld.owed
    await estate.owed()
    assert await estate.up(claim) == 0
    await estate.later(seconds=60)
    await estate.owed()
    assert await estate.up(claim) == 1


@pytest.mark.parametrize(
    ("count", "minutes"),
    [(0, 0), (FREE, 0), (FREE + 1, 1), (FREE + 2, 2), (FREE + 4, 8), (FREE + 5, 15), (10**6, 15)],
)
def test_each_further_withdrawal_doubles_the_wait(count: int, minutes: int) -> None:
    assert Flaps(count).wait == timedelta(minutes=minutes) <= LONGEST_WAIT
    assert Flaps(count, ago=timedelta(minutes=minutes)).wait == timedelta(0)


async def obstacles(estate: Estate, claim: Claim) -> list[object]:
    view = await estate.reader.claim(claim.account_id, claim.id)
    return list(view.announceable(estate.clock.now()).obstacles(estate.clock.now()))
