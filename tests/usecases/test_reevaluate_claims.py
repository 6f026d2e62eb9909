"""Drift is noted when it begins and when it ends; a route never moves for it."""

from datetime import timedelta
from itertools import product

import pytest

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.origin_drift import Drift
from byoip.domain.checks.origin_validation import Validity, Vrp, validate_origin
from byoip.domain.prefix import Prefix
from byoip.store.gauges import Gauges
from byoip.usecases.checks import snapshots
from byoip.usecases.claims import standing
from tests.store.samples import BY
from tests.usecases.routes import PART, Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, World


async def drifts(routes: Routes) -> list[Drift]:
    found = await routes.reevaluate()
    assert found is not None
    return found


async def rpki_state(routes: Routes) -> CheckState:
    """What its owner is shown of the whole prefix."""
    view = await routes.world.reader.claim(*routes.ids)
    return view.announceable(routes.world.clock.now()).claim.rpki.state


async def test_drift_begins_changes_and_ends(routes: Routes) -> None:
    await routes.patch(advertised=True)
    assert await drifts(routes) == []
    route, claim_id = routes.claim.prefix, routes.claim.id
    await routes.world.roas(valid("30.0.0.0/8"))
    assert await drifts(routes) == [Drift(claim_id, route, Validity.VALID, Validity.NOT_FOUND)]
    assert await rpki_state(routes) is CheckState.MISSING
    await routes.world.roas(valid(CIDR, origin=64501))
    assert await drifts(routes) == [Drift(claim_id, route, Validity.NOT_FOUND, Validity.INVALID)]
    await routes.world.roas(valid(CIDR))
    assert await drifts(routes) == [Drift(claim_id, route, Validity.INVALID, Validity.VALID)]
    assert await rpki_state(routes) is CheckState.VALID
    noted = [one for one in await routes.world.events(routes.claim) if "rpki." in one.kind]
    kinds = [one.kind for one in noted if not one.kind.startswith("check")]
    assert kinds == ["rpki.drifted", "rpki.drifted", "rpki.recovered"]
    assert noted[-1].before == {"cidr": CIDR, "validity": "invalid"}
    assert noted[-1].after["validity"] == "valid"
    assert (await routes.view()).bgp_prefix.desired.advertised
    assert await routes.count("withdrawals") == 0


async def test_a_snapshot_is_looked_at_once_and_again_after_a_while(routes: Routes) -> None:
    assert await routes.reevaluate() is not None
    assert await routes.reevaluate() is None
    await routes.world.roas(valid(CIDR), valid(PART))
    assert await routes.reevaluate() is not None
    routes.world.clock.advance(timedelta(minutes=10))
    assert await routes.reevaluate() is not None


async def test_a_route_that_stays_valid_may_return_when_roas_are_unknown(routes: Routes) -> None:
    """Valid was last said of it a day ago at most, however long ago it was announced."""
    clock = routes.world.clock
    await routes.patch(advertised=True)
    for _ in range(10):
        clock.advance(timedelta(days=1, hours=1))
        await routes.world.roas(valid(CIDR))
        await routes.reevaluate()
    assert (await routes.view()).bgp_prefix.last_valid_at == clock.now()
    await routes.world.roas(valid("30.0.0.0/8"))  # and nothing is said of what has drifted
    clock.advance(timedelta(days=2))
    await routes.world.roas(valid("30.0.0.0/8"))
    await routes.reevaluate()
    said = (await routes.view()).bgp_prefix.last_valid_at
    assert said == clock.now() - timedelta(days=2)


async def test_routes_drift_on_their_own(routes: Routes) -> None:
    await routes.add()
    found = await drifts(routes)
    assert [(str(one.route), one.after) for one in found] == [(PART, Validity.INVALID)]
    assert await rpki_state(routes) is CheckState.VALID
    figures = await Gauges(routes.world.engine).read()
    (told,) = [one for one in figures if one.name == "byoip_origin_drifts"]
    assert dict(told.values) == {"invalid": 1, "not_found": 0}


async def test_what_is_not_approved_any_more_is_forgotten(routes: Routes) -> None:
    await routes.world.roas(valid("30.0.0.0/8"))
    assert len(await drifts(routes)) == 1
    revoke = Verb(routes.store, standing.revoke_approval)
    await revoke(routes.claim.id, reason="a ticket", by=BY)
    routes.world.clock.advance(timedelta(minutes=10))
    assert await drifts(routes) == []
    assert await routes.count("origin_drifts") == 0


async def test_an_expired_entry_that_fits_leaves_things_as_they_were(routes: Routes) -> None:
    soon = routes.world.clock.now() + timedelta(minutes=5)
    await routes.world.roas({**valid(CIDR), "expires": int(soon.timestamp())})
    assert await drifts(routes) == []
    routes.world.clock.advance(timedelta(minutes=20))
    assert await drifts(routes) == []
    await routes.world.roas(valid("30.0.0.0/8"))
    assert len(await drifts(routes)) == 1


async def test_stale_data_is_not_judged(routes: Routes) -> None:
    await routes.world.roas(valid("30.0.0.0/8"))
    routes.world.clock.advance(timedelta(days=1, seconds=1))
    assert await routes.reevaluate() is None


async def test_an_accepted_snapshot_has_a_worker_look(world: World) -> None:
    await world.roas(valid(CIDR))
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE vrp_snapshots SET accepted = false; DELETE FROM current_vrp_snapshot"
        )
        number = await connection.exec_driver_sql("SELECT max(number) FROM vrp_snapshots")
        latest = number.scalar_one()
    accept = Verb(world.store, snapshots.accept_roas)
    await accept(latest, reason="checked by hand", by=BY)
    async with world.engine.connect() as connection:
        found = await connection.exec_driver_sql(
            "SELECT task_name FROM procrastinate.procrastinate_jobs"
        )
        assert "reevaluate_claims" in list(found.scalars())


_ROUTES = ("31.0.0.0/23", "31.0.0.0/24", "31.0.1.0/24")
_ENTRIES = [
    (cidr, longest, origin)
    for cidr, longest in (("31.0.0.0/16", 16), ("31.0.0.0/23", 23), ("31.0.0.0/23", 24))
    for origin in (0, 64500, 64501)
]


@pytest.mark.parametrize("expired", [False, True], ids=["current", "expired"])
async def test_the_query_and_the_rule_agree(routes: Routes, *, expired: bool) -> None:
    for cidr in _ROUTES[1:]:
        await routes.add(cidr)
    now = routes.world.clock.now()
    seconds = int(now.timestamp()) + 60
    clock = routes.world.clock
    for first, second in product(_ENTRIES, _ENTRIES):
        chosen = [first, second]
        vrps = [
            Vrp(Prefix.parse(cidr), longest, Asn(origin), "ripe")
            for cidr, longest, origin in (chosen[1:] if expired else chosen)
        ]
        listed = [valid(cidr, longest=longest, origin=origin) for cidr, longest, origin in chosen]
        if expired:
            listed[0] = {**listed[0], "expires": seconds - 120}
        await routes.world.roas(*listed)
        await routes.execute("DELETE FROM origin_drifts")
        found = {str(one.route): one.after for one in await drifts(routes)}
        for cidr in _ROUTES:
            route = Prefix.parse(cidr)
            verdict = validate_origin(route, Asn(64500), vrps, now=clock.now()).validity
            gone = Vrp(Prefix.parse(first[0]), first[1], Asn(first[2]), "ripe")
            if expired and gone.matches(route, Asn(64500)):
                verdict = Validity.VALID  # no answer: as it was
            assert found.get(cidr, Validity.VALID) is verdict, (chosen, cidr)
