"""A ROA that ends in hours and is not renewed is a warning before it is gone; no more than that."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Passed
from byoip.domain.checks.origin_validation import Vrp, valid_until
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.renewing import changed
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


async def found(days: Days, *roas: dict[str, object], ceiling: int = 10) -> list[UUID]:
    """Prefixes whose ROA ends within six hours by a snapshot of these."""
    days.roas = [*roas]
    await days.snapshot()
    until = days.world.clock.now() + 6 * HOUR
    return await listed(days, until, ceiling)


async def listed(days: Days, until: datetime, ceiling: int = 10) -> list[UUID]:
    async with days.world.engine.connect() as connection:
        number = await connection.scalar(text("SELECT number FROM current_vrp_snapshot"))
    assert number is not None
    async with days.world.store.transaction() as tx:
        asked = tx.session, number, until, 10
        return list(await ending_roas(*asked, ceiling=ceiling))


async def test_those_are_found_that_no_other_roa_makes_valid(days: Days, routes: Routes) -> None:
    soon = ending(days, 3 * HOUR)
    other = {**soon, "asn": 64501}
    short = {**ending(days, 3 * HOUR, "31.0.0.0/16"), "maxLength": 22}
    beside = valid("31.0.0.0/22", longest=23)
    assert await found(days, soon, other, short) == [routes.claim.id]
    assert await found(days, soon, beside) == []
    assert await found(days, soon, {**beside, "expires": soon["expires"]}) == [routes.claim.id]
    assert await found(days, short) == []
    assert await found(days, soon) == [routes.claim.id]
    await days.run()  # what has been heard is not heard again
    assert await listed(days, days.world.clock.now() + 6 * HOUR) == []
    other_claim = await days.world.approved("30.9.0.0/24")
    async with days.world.engine.begin() as connection:
        of = {"id": other_claim.id}
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("UPDATE prefixes SET asn = 64501 WHERE id = :id"), of)
    assert await found(days, other, valid("30.9.0.0/24", origin=64501)) == []


async def test_where_more_end_together_it_says_nothing_of_a_prefix(
    days: Days, routes: Routes
) -> None:
    other = await days.world.approved("30.9.0.0/24")
    both = ending(days, 3 * HOUR), {**ending(days, 3 * HOUR, "30.0.0.0/8"), "maxLength": 24}
    assert await found(days, *both, ceiling=2) == sorted([routes.claim.id, other.id])
    assert await found(days, *both, ceiling=1) == []


async def test_what_strangers_sign_for_the_same_origin_is_not_counted(
    days: Days, routes: Routes
) -> None:
    """Anybody may sign ROAs of their own space for it, ten thousand that are about to end."""
    theirs = [ending(days, 3 * HOUR, f"30.0.{one}.0/24") for one in range(20)]
    assert await found(days, ending(days, 3 * HOUR), *theirs, ceiling=1) == [routes.claim.id]


async def test_nor_is_one_prefix_counted_for_each_length_that_its_holder_allows(
    days: Days, routes: Routes
) -> None:
    """Of one /48 and all above it up to a /32 there are fifteen hundred."""
    lengths = [{**ending(days, 3 * HOUR), "maxLength": one} for one in range(23, 33)]
    assert await found(days, *lengths, ceiling=1) == [routes.claim.id]


async def test_it_keeps_no_proof_from_being_renewed(days: Days, routes: Routes) -> None:
    """Else whose ROAs are always signed late would be frozen, as its proof ends."""
    said = []
    for roas in ([ending(days, 3 * HOUR)], [valid("30.0.0.0/8")]):
        days.roas = roas
        await days.snapshot()
        await days.run()
        async with days.world.store.transaction() as tx:
            known = await tx.watches.of(routes.claim.id)
        assert known[Signal.ROA].failing
        said.append(changed(await days.world.now(routes.claim), known))
    assert ["roa" in one for one in said] == [False, True]


async def test_what_was_held_of_a_roa_that_is_back_freezes_nothing(
    days: Days, routes: Routes
) -> None:
    days.roas = [valid("30.0.0.0/8")]
    await days.go_on(DAY, step=4 * HOUR)
    await routes.execute(
        "INSERT INTO level_rises (id, prefix_id, registry, signal, level, state, at) SELECT "
        "gen_random_uuid(), id, 'ripencc', 'roa', 'freeze', 'held', now() FROM prefixes"
    )
    days.roas = [ending(days, 3 * HOUR)]
    await days.snapshot()
    await days.run()
    async with days.world.store.transaction() as tx:
        assert await tx.watches.held() == []


def test_the_last_of_those_that_make_it_valid_counts() -> None:
    route, other = Prefix.parse(CIDR), Prefix.parse("31.0.0.0/22")

    def until(*ends: datetime | None, origin: int = 64500) -> datetime | None:
        vrps = [Vrp(route, 23, Asn(64500), "ripe", one) for one in ends]
        foreign = Vrp(other, 24, Asn(64501), "ripe", T0 + 9 * DAY)
        return valid_until(route, Asn(origin), [*vrps, foreign], now=T0)

    assert until(T0 + HOUR, T0 + 2 * HOUR) == T0 + 2 * HOUR
    assert until(T0 + HOUR, None) is None
    assert until(T0 - HOUR) is None
    assert until(T0 + HOUR, origin=64502) is None


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
