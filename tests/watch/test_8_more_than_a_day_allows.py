"""More prefixes at one registry than its budget lets us ask about in a day: all have their turn."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Budget
from byoip.domain.claims.claim import Claim
from byoip.domain.watch.levels import Level, Signal
from byoip.ports.checks.registry import Lookup
from byoip.store.gauges import Gauges
from byoip.usecases.watch import look
from tests.usecases.routes import Routes
from tests.usecases.world import World
from tests.watching import DAY, HOUR, Days

MANY = 30
SHARE = 5  # of 50 a day
AT_ONCE = 2  # that are looked at in the same moment, and do not know of each other
LONG_AGO = text("""
    UPDATE watch_turns
    SET answered_at = now() - CASE prefix_id WHEN :id THEN interval '9 days' ELSE '1 day' END
""")
IN_FRONT = text("UPDATE watch_turns SET answered_at = '2000-01-01' WHERE prefix_id = ANY(:ids)")
SAYS_NO = text("""
    INSERT INTO prefix_watches (prefix_id, signal, looked_at, good_at, failing_since,
        failing_until, level, seen, doubt, baseline, found)
    SELECT id, 'route_object', now(), now(), now(), now(), 'none', '', '', '["SOME-MNT"]', ''
    FROM prefixes WHERE id = ANY(:ids)
    ON CONFLICT (prefix_id, signal) DO UPDATE SET failing_since = now(), failing_until = now()
""")
KNOWN = text("""
    INSERT INTO prefix_watches (prefix_id, signal, looked_at, good_at, level, seen, doubt,
        baseline, found)
    VALUES (:id, 'route_object', now(), now(), 'none', '', '', '["SOME-MNT"]', '')
""")
ASKED = text("INSERT INTO registry_budgets (registry) VALUES (:registry)")
AGE = "byoip_route_object_age_seconds"


@pytest.fixture
async def claims(days: Days, routes: Routes) -> list[Claim]:
    """Thirty prefixes, of which five may be asked about in a day."""
    world = days.world
    made = await days.beside(routes.claim, MANY)
    world.responsible = replace(world.responsible, budget=Budget(per_day=10 * SHARE))
    return made


def asked(world: World) -> list[str]:
    """Whose route objects were asked for since the last time."""
    found = [one for one in world.registry.asked if one.lookup is Lookup.EXACT_ROUTES]
    world.registry.asked.clear()
    return [str(one.prefix) for one in found]


async def a_day(days: Days) -> list[str]:
    for _ in range(24):
        days.world.clock.advance(HOUR)
        await days.run()
    return asked(days.world)


async def test_all_are_asked_about_in_turn_and_no_more_in_a_day_than_the_share(
    days: Days, claims: list[Claim]
) -> None:
    asked(days.world)
    seen: set[str] = set()
    for _ in range(4 * MANY // SHARE):
        today = await a_day(days)
        assert len(today) <= SHARE + AT_ONCE, today
        assert len(today) == len(set(today)), today
        seen |= set(today)
    assert seen == {str(one.prefix) for one in claims}


@pytest.mark.parametrize("fault", [Fault.TOO_LARGE, Fault.GARBAGE])
async def test_route_objects_that_cannot_be_read_keep_no_others_waiting(
    days: Days, claims: list[Claim], fault: Fault
) -> None:
    """As many as stand in front: one customer may have written megabytes into all of them."""
    world = days.world
    fat = {str(one.prefix) for one in claims[:2]}
    world.registry.faults = dict.fromkeys(fat, fault)
    async with world.engine.begin() as connection:
        await connection.execute(IN_FRONT, {"ids": [one.id for one in claims[:2]]})
    asked(world)
    seen: set[str] = set()
    for _ in range(5):  # each of the two in front waits 30 hours for its look at most
        seen |= set(await a_day(days))
    assert fat <= seen
    assert len(seen - fat) >= SHARE, seen


async def test_one_that_says_no_is_asked_about_each_day(days: Days, claims: list[Claim]) -> None:
    lost = claims[7]
    assert days.world.registry.objects.delete("RIPE", "route", f"{lost.prefix}AS64500")
    for _ in range(4 * MANY // SHARE):
        await a_day(days)
        if (await days.watches(lost))[Signal.ROUTE_OBJECT].failing:
            break
    await a_day(days)
    await a_day(days)
    assert await days.level(lost, Signal.ROUTE_OBJECT) is Level.NOTICE


@pytest.mark.parametrize("together", [False, True])
async def test_many_of_one_account_that_say_no_keep_no_others_from_being_asked_about(
    days: Days, claims: list[Claim], monkeypatch: pytest.MonkeyPatch, *, together: bool
) -> None:
    """Who takes its route objects away, and keeps it so, is asked about each day first.

    Nor do some of them that are looked at in the same moment of each day.
    """
    world = days.world
    if together:
        same = {one.id for one in claims[:8]}
        slot = look._next_slot
        at = world.clock.now() + DAY / 2

        def next_slot(claim_id: UUID, now: datetime) -> datetime:
            return at + (1 + (now - at) // DAY) * DAY if claim_id in same else slot(claim_id, now)

        monkeypatch.setattr(look, "_next_slot", next_slot)
    for one in claims:
        assert world.registry.objects.delete("RIPE", "route", f"{one.prefix}AS64500")
    async with world.engine.begin() as connection:
        await connection.execute(SAYS_NO, {"ids": [one.id for one in claims]})
    world.account_id = await world.new_account()
    theirs = await world.approved("30.9.0.0/24")
    async with world.engine.begin() as connection:
        await connection.execute(KNOWN, {"id": theirs.id})
    asked(world)
    seen: list[str] = []
    for _ in range(4 * MANY // SHARE):  # its time of day may come round a few times in vain
        seen += await a_day(days)
    assert seen.count(str(theirs.prefix)) >= 1
    assert len(seen) > MANY, "and those that say no have their turn, too"


async def test_metrics_show_what_waits_longest(days: Days, claims: list[Claim]) -> None:
    world = days.world
    assert len(claims) == MANY
    async with world.engine.begin() as connection:
        await connection.execute(LONG_AGO, {"id": claims[3].id})
        await connection.execute(ASKED, {"registry": world.responsible.key})
    (told,) = [one for one in await Gauges(world.engine).read() if one.name == AGE]
    ((registry, age),) = told.values
    assert registry == world.responsible.key
    assert 9 * DAY.total_seconds() <= age < 10 * DAY.total_seconds()
