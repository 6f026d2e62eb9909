"""A freeze for a change of holder: what lifts it, and what an operator may announce under it."""

from dataclasses import replace

import pytest

from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.prefix import Prefix
from byoip.domain.routes.bgp_prefix import LockedByOperator
from byoip.domain.routes.route_validity import OriginNotValid
from byoip.domain.watch.freezing import NotFrozen, PrefixFrozen
from byoip.domain.watch.levels import Level, Signal
from byoip.usecases.claims import prefixes
from byoip.usecases.routes import bgp_prefixes
from byoip.usecases.routes.announce_on_word import announce_on_word
from byoip.usecases.watch import lift
from tests.fakes.dns import SERVERS
from tests.store.samples import BY
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.test_5_holders import sold, still_up
from tests.watching import DAY, Days

BLOCK = "inetnum: 31.0.0.0 - 31.0.1.255\nnetname: X\nstatus: ALLOCATED PA\nmnt-by: {}\nsource: RIPE"
NEW = ("ns1.new.example.", "ns2.new.example.")


def move(days: Days, *servers: str, zones: slice = slice(None)) -> None:
    for zone in reverse_zones(Prefix.parse(CIDR))[zones]:
        days.world.dns.delegate(zone.name, *servers)


async def look_now(days: Days, routes: Routes) -> None:
    """Each look is due with the next run, whatever the prefix's time of day."""
    await routes.execute("UPDATE watch_turns SET due_at = :now", now=days.world.clock.now())


async def frozen(days: Days, routes: Routes, *, look: bool = True) -> None:
    for _ in range(2):
        if look:
            await look_now(days, routes)
        await sold(days, (CIDR, "allocated", "buyer"))
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}


async def pass_days(days: Days, routes: Routes, many: int) -> None:
    days.world.clock.advance(many * DAY)
    await look_now(days, routes)
    await days.files()
    await days.snapshot()
    await days.run()


async def prove(
    days: Days,
    routes: Routes,
    method: TokenMethod = TokenMethod.RDNS,
    *,
    by: str = "NEW-MNT",
) -> str | None:
    """Prove it anew; what keeps it frozen, or None where nothing does."""
    world, claim = days.world, routes.claim
    token = (await world.issue(claim, method)).token
    if method is TokenMethod.RDNS:
        world.txt(claim.prefix, token.value)
    else:
        new_route(days, f"remarks: byoip-validation: {token.value}", by=by, block=by)
    await days.snapshot()
    await world.validate(claim)
    history = await world.events(claim)
    issued = max(at for at, one in enumerate(history) if one.kind == "token.issued")
    for event in (one for one in history[issued:] if one.kind == "prefix.still_frozen"):
        async with world.store.transaction() as tx:
            assert await tx.tokens.live(claim.id) is not None
        return str(event.after["because"])
    assert await days.frozen_for(claim) == set()
    return None


def new_route(days: Days, *lines: str, by: str = "NEW-MNT", block: str = "NEW-MNT") -> None:
    registry = days.world.registry
    registry.objects = type(registry.objects)()
    text = f"route: {CIDR}\norigin: AS64500\nmnt-by: {by}"
    registry.put("RIPE", "\n".join([text, *lines, "source: RIPE"]))
    registry.put("RIPE", BLOCK.format(block))


async def test_what_stood_there_vouches_for_nobody(days: Days, routes: Routes) -> None:
    await frozen(days, routes)
    await pass_days(days, routes, 15)
    assert await prove(days, routes) == "not_vouched_anew"
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    move(days, *NEW, zones=slice(1))  # one of two zones
    await pass_days(days, routes, 1)
    assert await prove(days, routes) == "not_vouched_anew"
    assert await still_up(routes)


async def test_a_delegation_changed_since_lifts_it_after_14_days(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    move(days, *NEW)
    assert await prove(days, routes) == "not_vouched_anew"  # no look has seen it yet
    await pass_days(days, routes, 13)
    assert await prove(days, routes) == "waits"
    await pass_days(days, routes, 1)
    assert await prove(days, routes) is None
    await pass_days(days, routes, 2)
    assert await days.frozen_for(routes.claim) == set()
    for signal in Signal:
        assert await days.level(routes.claim, signal) is Level.NONE, signal
    assert await still_up(routes)


async def test_one_that_had_moved_before_the_sale_does_not(days: Days, routes: Routes) -> None:
    move(days, *NEW)
    await pass_days(days, routes, 2)
    await frozen(days, routes)
    await pass_days(days, routes, 15)
    assert await prove(days, routes) == "not_vouched_anew"


async def test_nor_where_no_look_had_answered_as_it_was_frozen(days: Days, routes: Routes) -> None:
    await routes.execute("UPDATE prefix_watches SET doubt = 'away' WHERE signal = 'zone_servers'")
    await routes.execute("UPDATE watch_turns SET due_at = due_at + interval '9 days'")
    await frozen(days, routes, look=False)
    move(days, *NEW)
    await pass_days(days, routes, 15)
    assert await prove(days, routes) == "not_vouched_anew"


@pytest.mark.parametrize("rule", [True, False], ids=["holder rule", "none"])
async def test_a_token_by_the_new_maintainers_of_the_block(
    days: Days, routes: Routes, rule: bool
) -> None:
    days.world.responsible = replace(days.world.responsible, holder_rule=rule)
    await frozen(days, routes)
    new_route(days)
    await pass_days(days, routes, 15)
    said = await prove(days, routes, TokenMethod.IRR)
    assert said == (None if rule else "not_vouched_anew")


@pytest.mark.parametrize("method", [TokenMethod.RDNS, TokenMethod.IRR])
async def test_nor_where_a_look_alone_saw_others_and_the_proof_rests_on_what_stood_there(
    days: Days, routes: Routes, method: TokenMethod
) -> None:
    """Looks are made from one place, whose way may be bent for a moment."""
    days.world.responsible = replace(days.world.responsible, holder_rule=True)
    await frozen(days, routes)
    move(days, *NEW)
    new_route(days)
    await pass_days(days, routes, 15)
    move(days, *(name for name, _ in SERVERS))
    new_route(days, by="A-MNT", block="A-MNT")
    if method is TokenMethod.RDNS:
        assert await prove(days, routes) == "not_vouched_anew"
    else:
        assert await prove(days, routes, method, by="A-MNT") == "not_vouched_anew"
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}


async def test_any_claim_of_another_account_leaves_it_to_a_person(
    days: Days, routes: Routes
) -> None:
    world = days.world
    await frozen(days, routes)
    move(days, *NEW)
    await pass_days(days, routes, 14)
    other = await world.claim("31.0.0.0/24", account_id=await world.new_account())
    assert await prove(days, routes) == "claimed"
    await Verb(world.store, prefixes.remove)(other.account_id, other.id, by=BY)
    await pass_days(days, routes, 13)
    assert await prove(days, routes) == "claimed"  # within the last 14 days
    await Verb(world.store, lift.lift_freeze)(routes.claim.id, reason="papers seen", by=BY)
    assert await days.frozen_for(routes.claim) == set()


async def test_the_operator_announces_under_a_freeze(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    route = (await routes.view()).bgp_prefix
    act = Verb(world.store, announce_on_word)
    with pytest.raises(NotFrozen, match="not frozen or contested, and its origin"):
        await act(claim.id, route.id, reason="attack", by=BY)
    await frozen(days, routes)
    await days.snapshot()
    assert not (await act(claim.id, route.id, reason="attack", by=BY)).changed
    await routes.patch(advertised=False)
    with pytest.raises(PrefixFrozen):
        await routes.patch(advertised=True)
    lock = Verb(world.store, bgp_prefixes.lock)
    await lock(claim.id, route.id, locked=True, reason="x", by=BY)
    with pytest.raises(LockedByOperator):
        await act(claim.id, route.id, reason="attack", by=BY)
    await lock(claim.id, route.id, locked=False, reason="x", by=BY)
    days.roas = [valid(CIDR, origin=64501)]
    await days.snapshot()
    with pytest.raises(OriginNotValid):
        await act(claim.id, route.id, reason="attack", by=BY)
    days.roas = [valid(CIDR)]
    await days.snapshot()
    view = await act(claim.id, route.id, reason="attack", by=BY)
    assert view.bgp_prefix.desired.advertised
    assert await days.frozen_for(claim) == {Signal.HOLDER}
    event = (await world.events(claim))[-1]
    assert (event.kind, event.after["reason"]) == ("bgp_prefix.announced", "attack")
