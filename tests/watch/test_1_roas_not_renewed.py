"""A ROA that ends in hours and is not renewed is a warning before it is gone; no more than that."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from byoip.domain.checks.evidence import Passed
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.roas import hear_roas
from byoip.domain.watch.watch import Watch
from byoip.store.watch.ending_roas import ending_roas
from tests.usecases.routes import Routes, valid
from tests.usecases.world import CIDR
from tests.watch.test_5_holders import still_up
from tests.watching import DAY, HOUR, Days

STEP = timedelta(minutes=20)
T0 = datetime(2026, 11, 1, tzinfo=UTC)


def ending(days: Days, after: timedelta, cidr: str = CIDR) -> dict[str, object]:
    end = days.world.clock.now() + after
    return {**valid(cidr), "expires": int(end.timestamp())}


async def test_one_that_is_not_renewed_is_a_warning_until_it_is(days: Days, routes: Routes) -> None:
    days.roas = [ending(days, 8 * HOUR)]
    await days.go_on(HOUR, step=STEP)
    assert Signal.ROA not in await days.watches(routes.claim)  # as CAs renew them
    await days.go_on(2 * HOUR, step=STEP)
    watch = (await days.watches(routes.claim))[Signal.ROA]
    assert watch.level is Level.NONE
    assert watch.failing
    await days.go_on(HOUR, step=STEP)
    watch = (await days.watches(routes.claim))[Signal.ROA]
    assert watch.level is Level.WARN
    assert "not renewed yet" in watch.seen
    days.roas = [ending(days, DAY)]
    await days.go_on(STEP, step=STEP)
    assert await days.level(routes.claim, Signal.ROA) is Level.NONE
    assert await days.frozen_for(routes.claim) == set()
    assert await still_up(routes)


async def test_one_beside_it_that_lasts_is_enough(days: Days, routes: Routes) -> None:
    days.roas = [ending(days, 3 * HOUR), valid("31.0.0.0/22", longest=23)]
    await days.go_on(2 * HOUR, step=STEP)
    assert Signal.ROA not in await days.watches(routes.claim)


async def test_what_ends_for_another_origin_is_none(days: Days, routes: Routes) -> None:
    other = {**ending(days, 3 * HOUR), "asn": 64501}
    short = {**ending(days, 3 * HOUR, "31.0.0.0/16"), "maxLength": 22}
    days.roas = [other, short, valid(CIDR)]
    await days.go_on(2 * HOUR, step=STEP)
    assert Signal.ROA not in await days.watches(routes.claim)


async def test_where_more_end_together_it_says_nothing_of_a_prefix(
    days: Days, routes: Routes
) -> None:
    days.roas = [ending(days, 3 * HOUR), ending(days, 3 * HOUR, "30.0.0.0/8")]
    await days.snapshot()
    until = days.world.clock.now() + 6 * HOUR
    async with days.world.store.transaction() as tx:
        news = await tx.watches.roa_news()
        assert news is not None
        asked = tx.session, news.number, until, UUID(int=0), 10
        assert list(await ending_roas(*asked, ceiling=2)) == [routes.claim.id]
        assert list(await ending_roas(*asked, ceiling=1)) == []


async def test_as_it_is_gone_the_time_to_a_freeze_begins(days: Days, routes: Routes) -> None:
    days.roas = [ending(days, 5 * HOUR)]
    await days.go_on(4 * HOUR, step=STEP)
    assert await days.level(routes.claim, Signal.ROA) is Level.WARN
    days.roas = [valid("30.0.0.0/8")]
    await days.go_on(7 * DAY - HOUR, step=4 * HOUR)
    assert await days.frozen_for(routes.claim) == set()
    await days.go_on(DAY, step=4 * HOUR)
    assert await days.frozen_for(routes.claim) == {Signal.ROA}


def test_always_renewed_late_it_is_never_more_than_a_warning() -> None:
    watch, at = Watch(Signal.ROA), T0
    for _ in range(30 * 24):
        at += HOUR
        watch = hear_roas(watch, Passed("Valid."), at, until=at + HOUR, unbroken=True)
    assert watch.level is Level.WARN


@pytest.mark.parametrize("until", [None, T0 + 6 * HOUR])
def test_no_end_and_a_later_one_say_nothing(until: datetime | None) -> None:
    assert not hear_roas(Watch(Signal.ROA), Passed("V."), T0, until=until, unbroken=True).failing


def test_that_others_make_it_invalid_does_not_go_by_its_end() -> None:
    watch = Watch(Signal.ROA_INVALID)
    assert not hear_roas(watch, Passed("V."), T0, until=T0 + HOUR, unbroken=True).failing
