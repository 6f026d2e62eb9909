"""Every reverse zone of a wide prefix is watched: a share a look, and what said no first."""

import json
from collections import Counter
from datetime import timedelta

import pytest

from byoip.domain.checks.evidence import Check, Failed, Fault, Passed, Unanswered
from byoip.domain.checks.reverse_dns.observation import Delegation, DelegationSeen
from byoip.domain.checks.reverse_zone import ReverseZone, reverse_zones
from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.domain.watch.after_a_sale import stood, vouched_anew
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import (
    SHARE,
    all_moved,
    hear_zones,
    judge_delegations,
    next_share,
    to_look_at,
)
from byoip.ports.checks.registry import Lookup
from byoip.usecases.watch.lift import begin_again
from tests.fakes.dns import SERVERS
from tests.usecases.routes import Routes, valid
from tests.usecases.world import LABEL
from tests.watch.test_1_real_servers import AT
from tests.watching import DAY, HOUR, Days

WIDE = Prefix.parse("31.64.0.0/19")
ZONES = reverse_zones(WIDE)
NAMES = [name for name, _ in SERVERS]
AWAY = ("ns1.elsewhere.test.", "ns2.elsewhere.test.")
NEW = Watch(Signal.REVERSE_ZONE), Watch(Signal.ZONE_SERVERS)


@pytest.fixture
async def wide(days: Days, routes: Routes) -> Claim:
    """A /19, approved and watched, with 32 zones that are delegated."""
    del routes
    days.rows["ripencc"].append((str(WIDE), "allocated", "wide"))
    days.roas.append(valid(str(WIDE)))
    for zone in ZONES:
        days.world.dns.delegate(zone.name, *NAMES)
    await days.files()
    await days.snapshot()
    claim = await days.world.approved(str(WIDE))
    await days.run()
    return claim


async def looked_at(days: Days, time: timedelta) -> list[str]:
    """The zones of the prefix that were asked for meanwhile, in order."""
    begun = len(days.world.dns.asked)
    await days.go_on(time, step=HOUR)
    ours = {zone.owner(LABEL) for zone in ZONES}
    return [one for one in days.world.dns.asked[begun:] if one in ours]


async def test_all_zones_are_looked_at_each_day_and_the_registry_is_asked_once(
    days: Days, wide: Claim
) -> None:
    await looked_at(days, 2 * HOUR)
    known = await days.watches(wide)
    baselines = [json.loads(known[one].baseline) for one in (NEW[0].signal, NEW[1].signal)]
    assert [len({*one} - {""}) for one in baselines] == [len(ZONES)] * 2
    begun = len(days.world.registry.asked)
    asked = Counter(await looked_at(days, 4 * DAY))
    assert len(asked) == len(ZONES)
    assert 3 <= min(asked.values()) <= max(asked.values()) <= min(asked.values()) + 1
    of_it = [one for one in days.world.registry.asked[begun:] if one.prefix == WIDE]
    exact = [one for one in of_it if one.lookup is Lookup.EXACT_ROUTES]
    assert len(exact) == asked[ZONES[0].owner(LABEL)], (
        "the registry is asked once a day all the same"
    )


async def test_a_zone_that_is_lost_in_any_share_freezes_after_a_week(
    days: Days, wide: Claim
) -> None:
    await looked_at(days, 2 * HOUR)
    days.world.dns.delegate(ZONES[1].name)
    await days.go_on(11 * DAY, step=6 * HOUR)
    assert await days.frozen_for(wide) == {Signal.REVERSE_ZONE}
    assert (await days.watches(wide))[Signal.REVERSE_ZONE].seen == (
        f"Delegated no more: {ZONES[1].name}"
    )
    days.world.dns.delegate(ZONES[1].name, *NAMES)
    await days.go_on(2 * DAY, step=6 * HOUR)
    assert await days.level(wide, Signal.REVERSE_ZONE) is Level.NONE


async def test_zones_delegated_elsewhere_in_any_share_are_noticed(days: Days, wide: Claim) -> None:
    await looked_at(days, 2 * HOUR)
    days.world.dns.delegate(ZONES[1].name, *AWAY)
    await days.go_on(5 * DAY, step=6 * HOUR)
    assert await days.level(wide, Signal.ZONE_SERVERS) is Level.NOTICE


async def test_after_a_lift_the_round_begins_anew_and_files_stay_heard(
    days: Days, wide: Claim
) -> None:
    before = await days.watches(wide)
    assert before[Signal.REVERSE_ZONE].heard == 1, "in the middle of a round"
    async with days.world.store.transaction() as tx:
        await begin_again(tx, wide.id, {Signal.REVERSE_ZONE, Signal.HOLDER})
    after = await days.watches(wide)
    assert after[Signal.REVERSE_ZONE].heard is None
    assert after[Signal.HOLDER].heard == before[Signal.HOLDER].heard is not None


def test_a_share_without_a_zone_that_is_known_keeps_what_was_seen() -> None:
    first, second, *_ = ZONES
    zones, servers = hear_zones(*NEW, [seen(first, *NAMES)], AT)
    later, _ = hear_zones(zones, servers, [seen(second)], AT + HOUR)
    assert later.seen == zones.seen == f"delegated: {first.name}"
    assert (later.looked_at, later.good_at) == (AT + HOUR, AT), "nobody said that it is good"


def seen(zone: ReverseZone, *names: str, silent: bool = False) -> DelegationSeen:
    if silent:
        return DelegationSeen(zone, obstacle=Unanswered(Fault.TIMEOUT, "silent"))
    if not names:
        return DelegationSeen(zone, registry_zone="in-addr.arpa.")
    return DelegationSeen(zone, Delegation(zone.name, "in-addr.arpa.", names))


def learnt() -> tuple[Watch, Watch]:
    """All 32 zones are known, by two looks."""
    zones, servers = NEW
    for _ in range(2):
        share = [seen(one, *NAMES) for one in to_look_at(ZONES, zones)]
        zones, servers = hear_zones(zones, servers, share, AT)
        zones = next_share(zones, len(ZONES))
    assert not zones.heard
    return zones, servers


def test_a_round_is_at_every_zone_once() -> None:
    for many in (1, 4, 16, 17, 64, 128):
        every, zones = reverse_zones(Prefix.parse("31.0.0.0/17"))[:many], NEW[0]
        round_of: list[ReverseZone] = []
        while not round_of or zones.heard:
            share = to_look_at(every, zones)
            assert len(share) <= SHARE
            round_of += share
            zones = next_share(zones, many)
        assert sorted(one.name for one in round_of) == sorted(one.name for one in every)


def test_a_zone_that_said_no_is_asked_in_its_turn_and_stays_lost_until_it_says_yes() -> None:
    zones, servers = learnt()
    share = to_look_at(ZONES, zones)
    lost, *rest = share
    others = [seen(one, *NAMES) for one in rest]
    zones, servers = hear_zones(zones, servers, [seen(lost), *others], AT + DAY)
    zones = next_share(zones, len(ZONES))
    assert zones.failing
    other = to_look_at(ZONES, zones)
    assert {*other} == {*ZONES} - {*share}
    unasked, _ = hear_zones(zones, servers, [seen(one, *NAMES) for one in other], AT + DAY + HOUR)
    assert (unasked.failing, unasked.doubt) == (True, "")
    assert unasked.seen == f"Delegated no more: {lost.name}"

    silent, _ = hear_zones(zones, servers, [seen(lost, silent=True), *others], AT + 2 * DAY)
    assert silent.failing, "of the zone that was lost nothing was heard"
    assert silent.doubt == f"Its delegation was not learnt: {lost.name}"
    back, _ = hear_zones(zones, servers, [seen(lost, *NAMES), *others], AT + 2 * DAY)
    assert not back.failing
    beside = [seen(lost, *NAMES), seen(rest[0], silent=True), *others[1:]]
    doubted, _ = hear_zones(zones, servers, beside, AT + 2 * DAY)
    assert not doubted.failing, "another one's silence keeps up no level"
    assert doubted.doubt == f"Its delegation was not learnt: {rest[0].name}"


def test_one_more_zone_that_is_lost_does_not_start_the_time_again_and_another_one_does() -> None:
    zones, servers = learnt()
    first, second, *_ = ZONES
    zones, _ = hear_zones(zones, servers, [seen(first)], AT + DAY)
    both, _ = hear_zones(zones, servers, [seen(first), seen(second)], AT + 2 * DAY)
    assert both.failing_since == AT + DAY
    assert {*json.loads(both.found)} == {first.name, second.name}
    other, _ = hear_zones(zones, servers, [seen(first, *NAMES), seen(second)], AT + 2 * DAY)
    assert other.failing_since == AT + 2 * DAY


def test_more_zones_than_a_share_that_said_no_come_back_one_share_after_the_other() -> None:
    zones, servers = learnt()
    zones, servers = hear_zones(zones, servers, [seen(one) for one in ZONES], AT + DAY)
    looks = 0
    while zones.failing:
        looks += 1
        share = [seen(one, *NAMES) for one in to_look_at(ZONES, zones)]
        zones, servers = hear_zones(zones, servers, share, AT + DAY + looks * HOUR)
        zones = next_share(zones, len(ZONES))
        assert looks <= len(ZONES) // SHARE
    zones, servers = hear_zones(zones, servers, [seen(one, *AWAY) for one in ZONES], AT + 2 * DAY)
    while servers.failing:
        looks += 1
        share = [seen(one, *NAMES) for one in to_look_at(ZONES, zones)]
        zones, servers = hear_zones(zones, servers, share, AT + 2 * DAY + looks * HOUR)
        zones = next_share(zones, len(ZONES))
        assert looks <= 2 * len(ZONES) // SHARE


@pytest.mark.parametrize("kept", [True, False], ids=["which", "not which"])
def test_the_row_of_an_older_version_goes_on(kept: bool) -> None:
    zones, servers = learnt()
    some = {one.name: NAMES for one in ZONES[3::8]}  # it looked at four, and did not keep which
    before = Watch(
        Signal.REVERSE_ZONE,
        failing_since=AT + DAY,
        failing_until=AT + DAY,
        baseline=json.dumps(some) if not kept else zones.baseline,
        found=json.dumps([ZONES[3].name]) if kept else "",
    )
    later, _ = hear_zones(before, servers, [seen(ZONES[3])], AT + 2 * DAY)
    assert later.failing_since == AT + DAY
    assert later.level is Level.NOTICE
    each = [seen(one, *NAMES) for one in ZONES]
    back, _ = hear_zones(later, servers, each, AT + 3 * DAY)
    assert not back.failing


def test_what_is_learnt_late_is_watched_and_proves_nothing() -> None:
    first, second, *_ = ZONES
    zones, servers = hear_zones(*NEW, [seen(first, *NAMES)], AT)
    zones, servers = hear_zones(zones, servers, [seen(second, *NAMES)], AT + DAY, late=True)
    lost, _ = hear_zones(zones, servers, [seen(second)], AT + 2 * DAY)
    assert lost.failing
    assert servers.baseline == json.dumps({first.name: NAMES})
    other = judge_delegations(servers, [seen(second, *NAMES)])
    assert isinstance(other, Unanswered)
    beside = judge_delegations(servers, [seen(first, *NAMES), seen(second, *NAMES)])
    assert isinstance(beside, Failed)
    assert beside.seen == f"Not delegated as before: {second.name}"
    silent = judge_delegations(servers, [seen(first, *NAMES), seen(second, silent=True)])
    assert isinstance(silent, Unanswered), "whether it is delegated by now is not known"
    still = judge_delegations(servers, [seen(first, *NAMES), seen(second)])
    assert isinstance(still, Passed)
    assert still.seen == f"delegated as before: {first.name}"
    _, anew = hear_zones(zones, servers, [seen(second, *NAMES)], AT + 3 * DAY)
    assert {*json.loads(anew.baseline)} == {first.name, second.name}, "soon after a new proof"


def learnt_in_part() -> tuple[Watch, Watch]:
    """Four zones are known of the proof, and four were learnt after it, at servers of their own."""
    zones, servers = hear_zones(*NEW, [seen(one, *NAMES) for one in ZONES[:4]], AT)
    late = [seen(one, "ns1.late.test.", "ns2.late.test.") for one in ZONES[4:8]]
    return hear_zones(zones, servers, late, AT + DAY, late=True)


@pytest.mark.parametrize(
    ("moved", "to", "vouches"),
    [
        pytest.param(ZONES[:8], AWAY, True, id="all of them"),
        pytest.param(ZONES[:9], AWAY, True, id="and one that is delegated for the first time"),
        pytest.param(ZONES[:4], AWAY, False, id="those that were known of the proof"),
        pytest.param(ZONES[4:8], AWAY, False, id="those that were learnt late"),
        pytest.param(ZONES[:7], AWAY, False, id="all but one"),
        pytest.param(ZONES[:4], ("ns1.late.test.",), False, id="to where others stood"),
        pytest.param(ZONES[:8], ("ns1.late.test.",), False, id="all to where some stood"),
    ],
)
def test_after_a_sale_zones_vouch_when_all_have_moved_also_those_learnt_late(
    moved: list[ReverseZone], to: tuple[str, ...], vouches: bool
) -> None:
    zones, servers = learnt_in_part()
    before = stood({one.signal: one for one in (zones, servers)}, ZONES[:8], AT + DAY)
    assert {*before[Signal.ZONE_SERVERS]} == {*NAMES, "ns1.late.test.", "ns2.late.test."}
    shares = [seen(one, *to) for one in moved]
    zones, servers = hear_zones(zones, servers, shares, AT + 2 * DAY, late=True)
    known = {one.signal: one for one in (zones, servers)}
    passed = {Check.OWNERSHIP_RDNS: frozenset(to)}
    assert vouched_anew(known, before, passed, AT + 2 * DAY) is vouches
    assert not all_moved(servers, NEW[0]), "without zones that are known"


def test_a_zone_that_came_elsewhere_since_does_not_vouch() -> None:
    zones, servers = learnt_in_part()
    before = stood({one.signal: one for one in (zones, servers)}, ZONES[:8], AT + DAY)
    shares = [seen(one, *AWAY) for one in ZONES[:8]]
    shares.append(seen(ZONES[8], "ns1.seller.test."))
    zones, servers = hear_zones(zones, servers, shares, AT + 2 * DAY, late=True)
    known = {one.signal: one for one in (zones, servers)}
    passed = {Check.OWNERSHIP_RDNS: frozenset(AWAY)}
    assert not vouched_anew(known, before, passed, AT + 2 * DAY)
