"""What owners want announced: refusals, the ledger, and what stays as it is."""

from datetime import timedelta
from uuid import UUID

import pytest

from byoip.domain.bindings.service_binding import PrefixNotApproved
from byoip.domain.claims.claim import PrefixOffboarding, PrefixSuspended, WithdrawFirst
from byoip.domain.errors import Refusal
from byoip.domain.history import Actor
from byoip.domain.precondition import Precondition, PreconditionFailed
from byoip.domain.routes import bgp_prefix
from byoip.domain.routes.route_validity import OriginNotValid, OriginUnanswered
from byoip.usecases.bindings import bindings
from byoip.usecases.claims import prefixes, standing
from byoip.usecases.claims.close_unproven import CloseUnproven
from byoip.usecases.routes import bgp_prefixes, offboarding
from tests.store.samples import BY
from tests.usecases.routes import PART, Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, WORKER, World

OPERATOR = Actor("operator:1", "request-2")


async def test_a_route_comes_with_the_default_binding_and_goes_with_it(routes: Routes) -> None:
    view = await routes.view()
    assert view.bgp_prefix.spans
    assert (view.bgp_prefix.desired.advertised, view.bgp_prefix.desired.at) == (False, None)
    assert (view.applied.advertised, view.observed.advertised) == (False, None)
    with pytest.raises(WithdrawFirst):
        await routes.remove(view.bgp_prefix.id)
    await routes.unbind()
    with pytest.raises(bgp_prefix.BgpPrefixNotFound):
        await routes.view()
    assert await routes.count("bgp_prefixes") == 1  # a tombstone


async def test_announced_prepended_withdrawn(routes: Routes) -> None:
    announced = await routes.patch(advertised=True, prepend=1)
    desired = announced.bgp_prefix.desired
    assert (desired.advertised, desired.prepend) == (True, 1)
    assert desired.binding_id == routes.binding_id
    assert announced.bgp_prefix.last_valid_at == routes.world.clock.now()
    prepended = await routes.patch(prepend=3)
    assert prepended.bgp_prefix.desired.change > desired.change
    withdrawn = await routes.patch(advertised=False)
    assert withdrawn.bgp_prefix.desired.withdrawal_id
    assert await routes.count("withdrawals") == 1
    again = await routes.patch(advertised=True)
    assert again.bgp_prefix.desired.prepend == 3
    assert again == await routes.view()
    kinds = [one for one in await routes.world.kinds(routes.claim) if "bgp" in one]
    assert kinds == [
        "bgp_prefix.created",
        "bgp_prefix.announced",
        "bgp_prefix.prepended",
        "bgp_prefix.withdrawn",
        "bgp_prefix.announced",
    ]


async def test_what_is_so_already_changes_nothing(routes: Routes) -> None:
    for wanted in (True, False):
        first = await routes.patch(advertised=wanted)
        before = await routes.world.everything(), await routes.count("withdrawals")
        repeated = await routes.patch(advertised=wanted, prepend=0)
        assert first.changed
        assert not repeated.changed
        assert repeated.version == first.version
        assert repeated.bgp_prefix == first.bgp_prefix
        assert (await routes.world.everything(), await routes.count("withdrawals")) == before


@pytest.mark.parametrize(
    ("cidr", "refusal"),
    [
        (CIDR, bgp_prefix.BgpPrefixExists),
        ("31.0.2.0/24", bgp_prefix.BgpPrefixOutsidePrefix),
        ("31.0.0.0/22", bgp_prefix.BgpPrefixOutsidePrefix),
        ("31.0.0.0/25", bgp_prefix.BgpPrefixTooSpecific),
    ],
)
async def test_a_route_that_cannot_be_is_refused(
    routes: Routes, cidr: str, refusal: type[Refusal]
) -> None:
    before = await routes.world.everything()
    with pytest.raises(refusal):
        await routes.add(cidr)
    assert await routes.world.everything() == before


async def test_without_a_default_binding_nothing_is_added_or_announced(routes: Routes) -> None:
    part = await routes.add()
    await routes.unbind()
    await routes.world.roas(valid(CIDR, longest=24))
    with pytest.raises(bgp_prefix.IncompleteBgpDeployment):
        await routes.patch(part, advertised=True)
    with pytest.raises(bgp_prefix.IncompleteBgpDeployment):
        await routes.add("31.0.1.0/24")


async def test_a_part_needs_a_roa_of_its_own(routes: Routes) -> None:
    part = await routes.add()
    with pytest.raises(OriginNotValid):  # the prefix' ROA has its own length as max length
        await routes.patch(part, advertised=True)
    await routes.world.roas(valid(CIDR), valid(PART))
    assert (await routes.patch(part, advertised=True)).bgp_prefix.desired.advertised
    await routes.patch(part, advertised=False)
    await routes.remove(part)
    with pytest.raises(bgp_prefix.BgpPrefixNotFound):
        await routes.view(part)


async def test_origin_validation_is_asked_at_every_announcement(routes: Routes) -> None:
    await routes.patch(advertised=True)
    await routes.world.roas(valid(CIDR, origin=64501))
    assert (await routes.view()).bgp_prefix.desired.advertised  # what is announced stays
    assert not (await routes.patch(advertised=True)).changed
    await routes.patch(advertised=False)
    with pytest.raises(OriginNotValid, match="AS64501"):
        await routes.patch(advertised=True)


async def test_where_roas_are_unknown_the_last_word_counts_for_seven_days(routes: Routes) -> None:
    clock = routes.world.clock
    part = await routes.add()
    await routes.world.roas(valid(CIDR), valid(PART))
    await routes.patch(advertised=True)
    first = (await routes.view()).bgp_prefix.last_valid_at
    await routes.patch(advertised=False)
    clock.advance(timedelta(days=2))  # the ROA data is stale now
    with pytest.raises(OriginUnanswered):
        await routes.patch(part, advertised=True)
    back = await routes.patch(advertised=True)
    assert back.bgp_prefix.last_valid_at == first
    await routes.patch(advertised=False)
    clock.advance(timedelta(days=5, seconds=1))
    with pytest.raises(OriginUnanswered):
        await routes.patch(advertised=True)


@pytest.mark.parametrize(
    ("standing", "refusal"), [("suspended", PrefixSuspended), ("contested", bgp_prefix.Contested)]
)
async def test_a_standing_stops_announcing_and_never_withdrawing(
    routes: Routes, standing: str, refusal: type[Refusal]
) -> None:
    await routes.patch(advertised=True)
    await routes.execute("UPDATE prefixes SET standing = :standing", standing=standing)
    assert (await routes.view()).bgp_prefix.desired.advertised
    assert not (await routes.patch(advertised=False)).bgp_prefix.desired.advertised
    with pytest.raises(refusal):
        await routes.patch(advertised=True)


async def test_what_is_on_its_way_out_may_be_withdrawn_and_not_announced(routes: Routes) -> None:
    await routes.patch(advertised=True)
    await Verb(routes.store, offboarding.offboard)(*routes.ids, by=BY)
    assert (await routes.view()).bgp_prefix.desired.advertised
    assert not (await routes.patch(advertised=False)).bgp_prefix.desired.advertised
    with pytest.raises(PrefixOffboarding, match="restore"):
        await routes.patch(advertised=True)


async def test_a_revoked_approval_leaves_the_route_and_lets_it_go(routes: Routes) -> None:
    await routes.patch(advertised=True)
    before = (await routes.view()).bgp_prefix
    revoke = Verb(routes.store, standing.revoke_approval)
    await revoke(routes.claim.id, reason="a ticket", by=OPERATOR)
    assert (await routes.view()).bgp_prefix == before
    for days in (60, 1):
        routes.world.clock.advance(timedelta(days=days))
        await CloseUnproven(routes.store, routes.world.clock)(by=WORKER)
    assert (await routes.view()).bgp_prefix == before
    await routes.patch(advertised=False)
    with pytest.raises(PrefixNotApproved):
        await routes.patch(advertised=True)


async def test_a_swap_of_the_default_leaves_the_route(
    routes: Routes, services: dict[str, UUID]
) -> None:
    await routes.patch(advertised=True)
    swap = Verb(routes.store, bindings.swap)
    await swap(*routes.ids, routes.binding_id, service_id=services["Spectrum"], by=BY)
    assert (await routes.view()).bgp_prefix.desired.binding_id == routes.binding_id


async def test_nothing_goes_from_under_a_route(routes: Routes) -> None:
    remove = Verb(routes.store, prefixes.remove)
    spanning = (await routes.patch(advertised=True)).bgp_prefix.id

    async def refused() -> None:
        before = await routes.world.everything()
        with pytest.raises(WithdrawFirst):
            await routes.remove(spanning)
        with pytest.raises(WithdrawFirst):
            await routes.unbind()
        with pytest.raises(WithdrawFirst):
            await remove(*routes.ids, by=BY)
        assert await routes.world.everything() == before

    await refused()  # it is wanted
    await routes.apply(spanning, holds=True)
    await routes.patch(advertised=False)
    await refused()  # a speaker holds it
    await routes.apply(spanning, holds=False, may_hold=True)
    await refused()  # a speaker may hold it
    await routes.apply(spanning, holds=False)
    await routes.observe(spanning, "collector", sees=True)
    await refused()  # a listener sees it
    await routes.observe(spanning, "collector", sees=False)
    await routes.unbind()
    await remove(*routes.ids, by=BY)


async def test_a_claim_that_ends_takes_its_withdrawn_routes_along(routes: Routes) -> None:
    part = await routes.add()
    await routes.unbind()
    await Verb(routes.store, prefixes.remove)(*routes.ids, by=BY)
    events = await routes.world.events(routes.claim)
    ended = [one.before["bgp_prefix_id"] for one in events if one.kind == "bgp_prefix.removed"]
    assert part.hex in ended
    assert await routes.count("bgp_prefixes WHERE live") == 0


async def test_an_unproven_claim_with_a_route_still_out_is_not_closed(routes: Routes) -> None:
    part = await routes.add()
    await routes.world.roas(valid(CIDR), valid(PART))
    await routes.patch(part, advertised=True)
    await routes.patch(part, advertised=False)
    await routes.unbind()
    await routes.apply(part, holds=True)
    revoke = Verb(routes.store, standing.revoke_approval)
    await revoke(routes.claim.id, reason="a ticket", by=OPERATOR)
    close = CloseUnproven(routes.store, routes.world.clock)
    for days in (60, 1):  # it is told a day before
        routes.world.clock.advance(timedelta(days=days))
        assert await close(by=WORKER) == 0
    await routes.apply(part, holds=False)
    assert await close(by=WORKER) == 1
    assert await routes.world.state(routes.claim) == "closed"


async def test_one_route_is_never_wanted_by_two_claims(
    routes: Routes, world: World, services: dict[str, UUID]
) -> None:
    await routes.patch(advertised=True)
    revoke = Verb(routes.store, standing.revoke_approval)
    await revoke(routes.claim.id, reason="it changed hands", by=OPERATOR)
    next_holder = await world.approved(account_id=await world.new_account())
    with pytest.raises(bgp_prefix.Contested):  # the old one still answers for it
        await world.bind(next_holder, CIDR, services["CDN"])
    withdrawn = await routes.patch(advertised=False)
    await routes.apply(withdrawn.bgp_prefix.id, holds=True)
    with pytest.raises(WithdrawFirst):  # a late withdrawal would take the new path down
        await routes.unbind()
    await routes.apply(withdrawn.bgp_prefix.id, holds=False)
    await routes.unbind()
    theirs = Routes(world, next_holder, await world.bind(next_holder, CIDR, services["CDN"]))
    assert (await theirs.patch(advertised=True)).bgp_prefix.desired.advertised


async def test_writes_hold_against_the_version_of_the_prefix(routes: Routes) -> None:
    version = (await routes.view()).version
    advertise = Verb(routes.store, bgp_prefixes.advertise)
    seen = Precondition(frozenset({version}))
    await advertise(*routes.ids, None, advertised=True, by=BY, if_match=seen)
    with pytest.raises(PreconditionFailed):
        await advertise(*routes.ids, None, advertised=False, by=BY, if_match=seen)


async def test_a_view_tells_applied_and_observed_apart(routes: Routes) -> None:
    clock, route = routes.world.clock, (await routes.patch(advertised=True)).bgp_prefix.id
    await routes.apply(route, holds=True, speaker="a")
    first = clock.now()
    clock.advance(timedelta(seconds=1))
    await routes.apply(route, holds=True, speaker="b")
    await routes.observe(route, "a to 192.0.2.1", sees=True, own_word=True)
    view = await routes.view()
    assert (view.applied.advertised, view.applied.at) == (True, first)
    assert (view.observed.by, view.observed.own_word) == ("a to 192.0.2.1", True)
    await routes.observe(route, "collector", sees=False)
    view = await routes.view()
    assert (view.observed.advertised, view.observed.by) == (False, "collector")
    await routes.apply(route, holds=False, speaker="a")
    assert (await routes.view()).applied.advertised
    await routes.apply(route, holds=False, speaker="b")
    view = await routes.view()
    assert (view.applied.advertised, view.applied.at) == (False, clock.now())
    assert view == (await routes.world.reader.bgp_prefixes(*routes.ids, after=None, limit=9))[0]
