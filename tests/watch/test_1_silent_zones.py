"""Who is silent at will keeps up no freeze of a wide prefix, and silence brings none about.

Each zone has a row of answers of its own, by one look a day; one that is silent is asked once more.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from byoip.domain.checks.evidence import Fault, Unanswered
from byoip.domain.checks.reverse_dns.observation import DelegationSeen, ZoneSecurity
from byoip.domain.checks.reverse_zone import ReverseZone, reverse_zones
from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import SHARE, hear_zones, next_share, to_look_at
from byoip.ports.checks.registry import Lookup
from byoip.usecases.watch import look
from tests.adapters.dns_script import (
    ACCOUNT,
    LABEL,
    REGISTRY,
    TOP,
    Script,
    Serve,
    referring,
    serving,
)
from tests.trust.dns_tree import BOTH, REGISTRY2, delegated, holds, resolver
from tests.usecases.world import LABEL as HERE
from tests.usecases.world import WORKER, World
from tests.watch.test_1_real_servers import AT, servfail
from tests.watch.test_1_wide_prefixes import AWAY, NAMES, NEW, WIDE, ZONES, learnt, seen, wide
from tests.watching import DAY, HOUR, Days

__all__ = ["wide"]  # fixture
LOST, BESIDE, ANOTHER = ZONES[1], ZONES[3], ZONES[2]  # the first two are of one share
assert {LOST, BESIDE} < {*ZONES[1::2]}
Silent = Callable[[datetime], Iterable[ReverseZone]]


async def pass_days(days: Days, wide: Claim, many: int, silent: Silent) -> Counter[str]:
    """So many days, look by look as they are due; how often each of its zones was asked about."""
    world = days.world
    looking = look.Look(world.store, world.registry, world.dns, HERE, world.registries)
    names, until = {one.owner(HERE): one.name for one in ZONES}, world.clock.now() + many * DAY
    begun = len(world.dns.asked)
    while (due := await due_at(world, wide)) <= until:
        world.clock.advance(max(due - world.clock.now(), timedelta(0)))
        quiet = {*silent(due)}
        for one in ZONES:
            unknown = one in quiet
            security = ZoneSecurity.UNKNOWN if unknown else ZoneSecurity.INSECURE
            world.dns.secure(one.owner(HERE), security)
        await looking(wide.id, by=WORKER)
    world.clock.advance(until - world.clock.now())
    return Counter(names[one] for one in world.dns.asked[begun:] if one in names)


async def due_at(world: World, claim: Claim) -> datetime:
    async with world.engine.connect() as connection:
        when = "SELECT due_at FROM watch_turns WHERE prefix_id = :id"
        due: datetime = (await connection.execute(text(when), {"id": claim.id})).scalar_one()
    return due


def always(*zones: ReverseZone) -> Silent:
    return lambda _: zones


def one_of_the_others(at: datetime) -> Iterable[ReverseZone]:
    """Another one each hour."""
    others = [one for one in ZONES if one != LOST]
    return [others[int(at.timestamp()) // 3600 * 7 % len(others)]]


@pytest.mark.parametrize(
    "silent",
    [
        pytest.param(always(), id="none"),
        pytest.param(always(BESIDE), id="one of its share"),
        pytest.param(always(ANOTHER), id="one of another share"),
        pytest.param(always(*(one for one in ZONES if one != LOST)), id="all others"),
        pytest.param(one_of_the_others, id="each hour another one"),
    ],
)
async def test_a_zone_that_is_lost_freezes_in_time_whoever_else_is_silent(
    days: Days, wide: Claim, silent: Silent
) -> None:
    await pass_days(days, wide, 1, always())
    days.world.dns.delegate(LOST.name)
    await pass_days(days, wide, 7, silent)
    assert await days.frozen_for(wide) == set(), "its row is not a week long"
    assert await days.level(wide, Signal.REVERSE_ZONE) is Level.NOTICE
    await pass_days(days, wide, 2, silent)
    assert await days.frozen_for(wide) == {Signal.REVERSE_ZONE}


async def test_a_zone_is_asked_once_a_day_and_with_a_silent_one_once_more(
    days: Days, wide: Claim
) -> None:
    await pass_days(days, wide, 1, always())
    days.world.dns.delegate(LOST.name)
    begun = len(days.world.registry.asked)
    for silent, times in ((always(), 1), (always(ANOTHER), 2)):
        asked = await pass_days(days, wide, 4, silent)
        its, others = asked[ANOTHER.name], asked[LOST.name]
        assert (abs(its - 4 * times) <= 1, abs(others - 4) <= 1) == (True, True), asked
    of_it = [one for one in days.world.registry.asked[begun:] if one.prefix == WIDE]
    exact = [one for one in of_it if one.lookup is Lookup.EXACT_ROUTES]
    assert len(exact) <= 9, "its registry once a day all the same"
    assert wide.approved


async def test_its_own_silence_for_a_look_wipes_nothing_and_that_for_days_confirms_nothing(
    days: Days, wide: Claim
) -> None:
    """Each second time that it is asked it says nothing."""
    turns = iter(range(10**6))
    ask = days.world.dns.find_delegation

    async def in_turn(zone: ReverseZone, label: str, account_id: UUID) -> DelegationSeen:
        if zone == LOST and next(turns) % 2 == 0:
            return DelegationSeen(zone, obstacle=Unanswered(Fault.TIMEOUT, "silent"))
        return await ask(zone, label, account_id)

    await pass_days(days, wide, 1, always())
    days.world.dns.delegate(LOST.name)
    days.world.dns.find_delegation = in_turn  # type: ignore[method-assign] # for this test
    await pass_days(days, wide, 9, always())
    assert await days.frozen_for(wide) == {Signal.REVERSE_ZONE}


async def test_silence_after_a_no_counts_for_nothing(days: Days, wide: Claim) -> None:
    await pass_days(days, wide, 1, always())
    days.world.dns.delegate(LOST.name)
    await pass_days(days, wide, 1, always())
    await pass_days(days, wide, 9, always(LOST))
    watch = (await days.watches(wide))[Signal.REVERSE_ZONE]
    assert (watch.failing, watch.level) == (True, Level.NONE)
    await pass_days(days, wide, 2, always())  # its row is begun again
    assert await days.frozen_for(wide) == set()
    assert await days.level(wide, Signal.REVERSE_ZONE) is Level.NOTICE


def test_zones_that_are_lost_one_after_the_other_are_no_row() -> None:
    zones, servers = learnt()
    for day in range(1, 20):
        lost = {ZONES[day // 3], ZONES[day // 3 + 1]}  # each for a few days
        look = [seen(one) if one in lost else seen(one, *NAMES) for one in ZONES]
        zones, servers = hear_zones(zones, servers, look, AT + day * DAY)
        assert zones.level.rank <= Level.NOTICE.rank
        if lost == {ZONES[0]}:
            assert zones.failing_since == AT + DAY


def test_all_that_is_answered_counts_for_its_own_zone_alone() -> None:
    zones, servers = learnt()
    for day in range(1, 9):
        look = [seen(LOST), seen(BESIDE, silent=day > 1)]
        look += [seen(one, *NAMES) for one in ZONES if one not in {LOST, BESIDE}]
        if day == 1:
            look[1] = seen(BESIDE)
        zones, servers = hear_zones(zones, servers, look, AT + day * DAY)
    assert zones.level is Level.FREEZE
    assert zones.seen == f"Delegated no more: {', '.join(sorted([LOST.name, BESIDE.name]))}"
    back = [seen(LOST, *NAMES), seen(BESIDE)]
    zones, servers = hear_zones(zones.again(), servers, back, AT + 9 * DAY)
    assert (zones.level, zones.failing_since) == (Level.NONE, AT + 9 * DAY)


def test_where_others_are_silent_a_zone_that_moved_is_noticed() -> None:
    zones, servers = learnt()
    for day in (1, 2):
        look = [seen(LOST, *AWAY), seen(BESIDE, silent=True)]
        zones, servers = hear_zones(zones, servers, look, AT + day * DAY)
        zones, servers = hear_zones(  # the next share, without it
            zones, servers, [seen(ANOTHER, silent=True)], AT + day * DAY + HOUR
        )
    assert servers.level is Level.NOTICE
    assert servers.seen == f"{LOST.name} is delegated to {', '.join(AWAY)}"


def test_one_more_that_moved_in_another_share_does_not_start_the_time_again() -> None:
    zones, servers = learnt()
    for hour, one in enumerate((LOST, ANOTHER)):
        at = AT + DAY + hour * HOUR
        zones, servers = hear_zones(zones, servers, [seen(one, *AWAY)], at)
    assert servers.failing_since == AT + DAY
    for one in (LOST, ANOTHER):
        zones, servers = hear_zones(zones, servers, [seen(one, *NAMES)], AT + 2 * DAY)
    assert not servers.failing


def test_an_order_of_shares_is_fair_whoever_is_silent_at_will() -> None:
    """No zone is asked more than twice in a round, each at least once, and all rounds end."""
    every, zones = reverse_zones(Prefix.parse("31.0.0.0/17")), NEW[0]
    choice = random.Random(7)  # noqa: S311 - the same in each run
    for _ in range(50):
        asked: Counter[str] = Counter()
        looks = 0
        while not looks or zones.heard:
            share = to_look_at(every, zones)
            assert len(share) == SHARE
            asked.update(one.name for one in share)
            zones, looks = next_share(zones, len(every), again=choice.random() < 0.5), looks + 1
        assert {*asked} == {one.name for one in every}
        assert max(asked.values()) <= 2
        assert looks <= 2 * len(every) // SHARE


@pytest.mark.parametrize("other", [referring(*BOTH), serving(servfail)], ids=["yes", "silent"])
async def test_one_server_of_the_registry_freezes_nothing_alone_whatever_it_says(
    other: Serve,
) -> None:
    """It denies for weeks what the other delegates, or is silent of; once both have denied it."""
    at = REGISTRY, REGISTRY2

    async def said(*each: Serve) -> DelegationSeen:
        serve = dict(zip(at, each, strict=True))
        return await delegated(Script(resolve=resolver(registry=at), serve=serve))

    delegates, denies = referring(*BOTH), holds(TOP, says=None)
    zones, servers = hear_zones(*NEW, [await said(delegates, delegates)], AT)
    zones, servers = hear_zones(zones, servers, [await said(denies, denies)], AT + DAY)
    assert zones.failing
    one_of_two = await said(other, denies)
    for day in range(2, 20):
        zones, servers = hear_zones(zones, servers, [one_of_two], AT + day * DAY)
        assert zones.level is Level.NONE
    zones, servers = hear_zones(zones, servers, [await said(denies, denies)], AT + 20 * DAY)
    assert (zones.level, zones.failing_since) == (Level.NONE, AT + 20 * DAY)


async def test_one_that_is_not_answered_in_time_hides_none_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(look, "_FOR_ZONES", 0.2)

    class Hanging:
        async def find_delegation(self, zone: ReverseZone, *_: object) -> DelegationSeen:
            if zone == ZONES[0]:
                await asyncio.Event().wait()
            return seen(zone)

    claim: Any = SimpleNamespace(prefix=WIDE, account_id=ACCOUNT)
    nothing: Any = None
    dns: Any = Hanging()
    found = await look.Look(nothing, nothing, dns, LABEL)._zones(claim, {})
    zones, servers = learnt()
    zones, _ = hear_zones(zones, servers, found, AT + DAY)
    share = to_look_at(ZONES, NEW[0])
    assert {*json.loads(zones.found)} == {one.name for one in share} - {ZONES[0].name}
    assert zones.doubt == f"Its delegation was not learnt: {ZONES[0].name}"
    assert len(found) == len(share)


def test_a_first_look_without_an_answer_is_no_good_one() -> None:
    zones, servers = hear_zones(*NEW, [seen(one, silent=True) for one in ZONES[:2]], AT)
    assert [(one.good_at, one.doubt != "") for one in (zones, servers)] == [(None, True)] * 2
    later = timedelta(hours=1)
    zones, _ = hear_zones(zones, servers, [seen(one) for one in ZONES[:2]], AT + later)
    assert (zones.good_at, zones.seen) == (AT + later, "No delegation was seen.")
    assert isinstance(zones, Watch)


def test_only_the_row_of_looks_outlasts_a_silence_and_only_until_the_gap() -> None:
    for signal in Signal:
        row = Watch(signal).bad(AT, "no").silent(AT + DAY, "silent").bad(AT + DAY + HOUR, "no")
        goes_on = {Signal.ROUTE_OBJECT, Signal.REVERSE_ZONE, Signal.ZONE_SERVERS}
        assert (row.failing_since == AT) is (signal in goes_on)
        late = Watch(signal).bad(AT, "no").silent(AT + DAY, "silent").bad(AT + 2 * DAY, "no")
        assert late.failing_since == AT + 2 * DAY
