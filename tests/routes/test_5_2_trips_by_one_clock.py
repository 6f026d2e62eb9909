"""Routes 5.2: when a trip opened and when it was re-armed are told by one clock, the database's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.routes.breaker import Parked, WithdrawalsStopped
from tests.rules.estate import WIDE, Estate


@pytest.mark.parametrize("hours", [-3, 3])
async def test_a_worker_with_a_wrong_clock_stamps_no_trip(estate: Estate, hours: int) -> None:
    estate = Estate(estate.engine, estate.clock, replace(WIDE, per_account=1))
    claim = await estate.advertised(await estate.account(), 1)
    estate.clock.advance(timedelta(hours=hours))
    begun = await estate.one("SELECT now()")
    await estate.take_down(claim)
    with pytest.raises(WithdrawalsStopped):
        await estate.take_down(claim, 1)
    await estate.rearm(Parked.RELEASED)
    [trip] = await estate.ask("SELECT at, rearmed_at FROM breaker_trips")
    told = await estate.one("SELECT at FROM operator_events WHERE kind = 'breaker.tripped'")
    assert begun < trip.at < trip.rearmed_at
    assert told == trip.at
