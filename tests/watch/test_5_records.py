"""Field cases of time: ROAs, route objects and reverse zones that come and go. No route goes."""

from datetime import timedelta
from functools import partial

import pytest

from byoip.domain.checks.evidence import Fault
from byoip.domain.claims.lifecycle import IllegalTransition, Standing
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.watch.freezing import PrefixFrozen
from byoip.domain.watch.levels import Level, Signal
from byoip.usecases.claims import delegations, prefixes, standing
from byoip.usecases.speakers.release_routes import ReleaseRoutes
from tests.store.samples import BY
from tests.usecases.routes import PART, Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.test_5_holders import sold, still_up
from tests.watching import DAY, HOUR, Days

STEP = timedelta(hours=4)
WEEK = timedelta(days=7)
ZONES = ("0.0.31.in-addr.arpa.", "1.0.31.in-addr.arpa.")


@pytest.mark.parametrize(
    ("gone_for", "level"),
    [
        (timedelta(hours=2), Level.NONE),
        (timedelta(days=2), Level.WARN),
        (WEEK + STEP, Level.FREEZE),
    ],
)
async def test_lessor_deletes_the_roa_for(
    days: Days, routes: Routes, gone_for: timedelta, level: Level
) -> None:
    days.roas = [valid("30.0.0.0/8")]
    await days.go_on(gone_for, step=min(STEP, gone_for / 2))
    assert await days.level(routes.claim, Signal.ROA) is level
    assert await days.frozen_for(routes.claim) == ({Signal.ROA} if level is Level.FREEZE else set())
    days.roas = [valid(CIDR)]
    await days.go_on(STEP, step=STEP)
    assert await days.level(routes.claim, Signal.ROA) is Level.NONE
    # The lessor's ROA is for the operator, whoever leases now: a freeze stays until a new proof.
    frozen = await days.frozen_for(routes.claim)
    assert frozen == ({Signal.ROA} if level is Level.FREEZE else set())
    assert await still_up(routes)


async def test_a_roa_for_another_origin_alone_freezes_after_a_day(
    days: Days, routes: Routes
) -> None:
    days.roas = [valid(CIDR, origin=64501)]
    await days.go_on(STEP, step=STEP)
    assert await days.level(routes.claim, Signal.ROA_INVALID) is Level.WARN
    await days.go_on(DAY, step=STEP)
    assert await days.frozen_for(routes.claim) == {Signal.ROA_INVALID}
    assert await still_up(routes)


async def test_a_worker_asleep_for_a_week_confirms_nothing(days: Days, routes: Routes) -> None:
    days.roas = [valid(CIDR, origin=64501)]
    await days.go_on(STEP, step=STEP)
    days.world.clock.advance(WEEK)
    await days.snapshot()
    await days.run()
    assert await days.frozen_for(routes.claim) == set()


async def test_a_snapshot_that_was_missed_starts_the_time_again(days: Days, routes: Routes) -> None:
    days.roas = [valid(CIDR, origin=64501)]
    await days.go_on(20 * HOUR, step=STEP)
    days.world.clock.advance(HOUR)
    await days.snapshot()  # and no run: what it said of the prefix is not known
    await days.go_on(8 * HOUR, step=STEP)
    assert await days.frozen_for(routes.claim) == set()


async def looks(days: Days, many: int) -> None:
    """So many days, with the look of each; ROA data stays."""
    for _ in range(many):
        await days.snapshot()
        for _ in range(3):
            days.world.clock.advance(2 * STEP)
            await days.run()
    await days.snapshot()


async def test_route_objects_maintainer_renamed(days: Days, routes: Routes) -> None:
    days.world.registry.put("RIPE", f"route: {CIDR}\norigin: AS64500\nmnt-by: B-MNT\nsource: RIPE")
    await looks(days, 3)
    assert await days.level(routes.claim, Signal.ROUTE_OBJECT) is Level.NOTICE
    await looks(days, 7)
    watch = (await days.watches(routes.claim))[Signal.ROUTE_OBJECT]
    assert (watch.level, watch.seen) == (Level.WARN, "Maintained by B-MNT; it was A-MNT.")
    assert await days.frozen_for(routes.claim) == set()
    assert await still_up(routes)


async def test_zone_redelegated_elsewhere_and_back(days: Days, routes: Routes) -> None:
    days.world.dns.delegate(ZONES[0], "ns1.elsewhere.test.", "ns2.elsewhere.test.")
    await looks(days, 10)
    assert await days.level(routes.claim, Signal.ZONE_SERVERS) is Level.NOTICE
    assert await days.level(routes.claim, Signal.REVERSE_ZONE) is Level.NONE
    days.world.dns.delegate(ZONES[0], "ns2.sandbox.test.", "ns3.sandbox.test.")
    await looks(days, 2)
    assert await days.level(routes.claim, Signal.ZONE_SERVERS) is Level.NONE
    assert await days.frozen_for(routes.claim) == set()


async def zone_lost(days: Days) -> None:
    for zone in ZONES:
        days.world.dns.delegate(zone)
    await looks(days, 11)


async def test_a_zone_that_is_lost_freezes_after_a_week(days: Days, routes: Routes) -> None:
    await zone_lost(days)
    assert await days.frozen_for(routes.claim) == {Signal.REVERSE_ZONE}
    assert await still_up(routes)


async def test_silence_moves_no_level(days: Days, routes: Routes) -> None:
    days.world.dns.fail(Fault.TIMEOUT)
    days.world.registry.fault = Fault.TIMEOUT
    await looks(days, 20)
    watches = await days.watches(routes.claim)
    assert {one.level for one in watches.values()} == {Level.NONE}
    assert watches[Signal.REVERSE_ZONE].doubt
    assert watches[Signal.ROUTE_OBJECT].doubt == "the twin was told so"


async def test_a_freeze_stops_what_is_new_and_nothing_else(days: Days, routes: Routes) -> None:
    extra = await routes.add()
    other = await days.world.new_account()
    await zone_lost(days)
    delegate = Verb(routes.store, partial(delegations.delegate, expires_at=None))
    services = {one.name: one.id for one in await days.world.reader.services()}
    with pytest.raises(PrefixFrozen, match="reverse_zone"):
        await delegate(*routes.ids, cidr=PART, delegated_account_id=other, by=BY)
    with pytest.raises(PrefixFrozen):
        await days.world.bind(routes.claim, PART, services["CDN"])
    with pytest.raises(PrefixFrozen):
        await routes.add("31.0.1.0/24")
    with pytest.raises(PrefixFrozen):  # it never was up
        await routes.patch(extra, advertised=True)
    await routes.patch(prepend=2)
    now = days.world.clock.now()
    view = await days.world.reader.claim(*routes.ids)
    named = {one.name for one in view.announceable(now).obstacles(now)}
    assert PrefixFrozen.name not in named  # the whole prefix is up, and may return


async def test_customer_under_attack_during_a_freeze(days: Days, routes: Routes) -> None:
    """What was up within 30 days may return, without its ROA too; not after a change of holder."""
    days.roas = [valid("30.0.0.0/8")]
    await days.go_on(WEEK + STEP, step=STEP)
    assert await days.frozen_for(routes.claim) == {Signal.ROA}
    await routes.patch(advertised=False)
    days.world.clock.advance(DAY)
    await days.snapshot()
    assert (await routes.patch(advertised=True)).bgp_prefix.desired.advertised
    await routes.patch(advertised=False)
    days.world.clock.advance(timedelta(days=31))
    await days.snapshot()
    with pytest.raises(PrefixFrozen):
        await routes.patch(advertised=True)


async def test_who_lost_its_zone_announces_again_under_the_freeze_for_thirty_days(
    days: Days, routes: Routes
) -> None:
    await zone_lost(days)
    assert await days.frozen_for(routes.claim) == {Signal.REVERSE_ZONE}
    for pause in (HOUR, timedelta(days=29)):
        await routes.patch(advertised=False)
        days.world.clock.advance(pause)
        await days.snapshot()
        assert (await routes.patch(advertised=True)).bgp_prefix.desired.advertised
    assert await days.frozen_for(routes.claim) == {Signal.REVERSE_ZONE}, "it stays frozen"
    await routes.patch(advertised=False)
    days.world.clock.advance(timedelta(days=30, minutes=1))
    await days.snapshot()
    with pytest.raises(PrefixFrozen):
        await routes.patch(advertised=True)


async def test_a_route_of_a_restored_database_is_released_under_a_freeze(
    days: Days, routes: Routes
) -> None:
    days.roas = [valid("30.0.0.0/8")]
    await days.go_on(WEEK + STEP, step=STEP)
    assert await days.frozen_for(routes.claim) == {Signal.ROA}
    days.world.clock.advance(timedelta(days=31))
    days.roas = [valid(CIDR)]
    await days.snapshot()
    row = (await routes.view()).bgp_prefix
    assert row.desired.advertised
    async with days.world.store.transaction() as tx:
        await tx.restores.doubt([row.id], [], tx.now)
    view = await days.world.reader.claim(*routes.ids)
    now = days.world.clock.now()
    assert PrefixFrozen.name not in {one.name for one in view.announceable(now).obstacles(now)}
    done = await ReleaseRoutes(days.world.store)(None, reason="Restored.", by=BY)
    assert (done.announced, done.refused) == ([row.cidr], [])


async def test_what_is_invalid_does_not_return(days: Days, routes: Routes) -> None:
    days.roas = [valid(CIDR, origin=64501)]
    await days.go_on(WEEK + STEP, step=STEP)
    assert await days.frozen_for(routes.claim) == {Signal.ROA, Signal.ROA_INVALID}
    await routes.patch(advertised=False)
    with pytest.raises(PrefixFrozen):
        await routes.patch(advertised=True)


async def test_a_new_proof_lifts_a_freeze_for_lost_records(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    await zone_lost(days)
    for zone in ZONES:
        world.dns.delegate(zone, "ns1.sandbox.test.", "ns2.sandbox.test.")
    token = (await world.issue(claim)).token
    assert (await world.now(claim)).approved
    await world.validate(claim)
    assert await days.frozen_for(claim) == {Signal.REVERSE_ZONE}, "without the token nothing is"
    world.txt(claim.prefix, token.value)
    await world.validate(claim)
    assert await days.frozen_for(claim) == set()
    assert (await world.kinds(claim)).count("prefix.unfrozen") == 1
    await looks(days, 3)
    assert await days.level(claim, Signal.REVERSE_ZONE) is Level.NONE
    assert await still_up(routes)
    with pytest.raises(IllegalTransition):
        await world.issue(claim)


async def test_former_lessee_renews_by_the_old_zone(days: Days, routes: Routes) -> None:
    """After a change of holder the old account's zone and route object prove nothing."""
    for _ in range(2):
        await sold(days, (CIDR, "allocated", "buyer"))
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    token = (await days.world.issue(routes.claim, TokenMethod.RDNS)).token
    days.world.txt(routes.claim.prefix, token.value)
    await days.snapshot()
    await days.world.validate(routes.claim)
    assert "prefix.still_frozen" in await days.world.kinds(routes.claim)
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    await routes.patch(advertised=False)
    with pytest.raises(PrefixFrozen, match="another holder"):
        await routes.patch(advertised=True)


@pytest.mark.parametrize("files", [1, 2])  # the second one freezes it
@pytest.mark.parametrize("way", ["given up and brought again", "revoked by the operator"])
async def test_former_lessee_begins_again_with_the_old_zone(
    days: Days, routes: Routes, way: str, files: int
) -> None:
    """Neither a new claim nor a revoked one gets past the change of holder: a person decides."""
    world, claim = days.world, routes.claim
    for _ in range(files):
        await sold(days, (CIDR, "allocated", "buyer"))
    await routes.patch(advertised=False)
    if way == "revoked by the operator":
        await Verb(routes.store, standing.revoke_approval)(claim.id, reason="Sold.", by=BY)
        await world.issue(claim)
    else:
        await routes.unbind()
        await Verb(routes.store, prefixes.remove)(*routes.ids, by=BY)
        claim = await world.claim()
    await world.prove(claim)
    await world.validate(claim)
    assert (await world.now(claim)).standing is Standing.CONTESTED
    assert not (await world.now(claim)).approved
