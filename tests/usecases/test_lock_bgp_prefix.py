"""The operator's lock on a route: it stays as it is, whatever owners and jobs ask for."""

from datetime import timedelta

import pytest

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.customer_text import InvalidText
from byoip.domain.routes.bgp_prefix import BgpPrefix, BgpPrefixNotFound, LockedByOperator
from byoip.domain.speakers.reconciliation import DesiredRoute
from byoip.store.routes.views import BgpPrefixView
from byoip.usecases.claims import prefixes, standing
from byoip.usecases.claims.close_unproven import CloseUnproven
from byoip.usecases.routes import bgp_prefixes, offboarding
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from byoip.usecases.speakers.retract import RetractRoute
from tests.rules.estate import GRACE, OPERATOR
from tests.store.samples import BY
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import WORKER

WHY = "a ticket"


async def lock(routes: Routes, one: BgpPrefix, *, locked: bool = True) -> BgpPrefixView:
    act = Verb(routes.store, bgp_prefixes.lock)
    return await act(routes.claim.id, one.id, locked=locked, reason=WHY, by=OPERATOR)


async def offboard(routes: Routes) -> None:
    await Verb(routes.store, offboarding.offboard)(*routes.ids, by=BY)


async def go_on(routes: Routes) -> None:
    await ContinueOffboardings(routes.store, routes.world.clock, GRACE)(by=WORKER)


async def refused(routes: Routes, **wanted: object) -> None:
    before = await routes.world.everything()
    with pytest.raises(LockedByOperator, match=str(routes.claim.prefix)):
        await routes.patch(**wanted)  # type: ignore[arg-type] # by name
    assert await routes.world.everything() == before


async def test_what_is_announced_stays_so_until_it_is_unlocked(routes: Routes) -> None:
    before = (await routes.patch(advertised=True)).bgp_prefix
    routes.world.clock.advance(timedelta(seconds=1))
    locked = await lock(routes, before)
    assert (locked.changed, locked.bgp_prefix.locked) == (True, True)
    assert locked.bgp_prefix.desired == before.desired
    await refused(routes, advertised=False)
    await refused(routes, prepend=2)
    assert not (await routes.patch(advertised=True)).changed, "what is so already is no wish"
    shown = (await routes.world.reader.claim(*routes.ids)).route
    assert shown is not None
    assert shown.locked
    await lock(routes, before, locked=False)
    assert not (await routes.patch(advertised=False)).bgp_prefix.desired.advertised


async def test_what_is_withdrawn_stays_so_and_is_not_made_anew(routes: Routes) -> None:
    one = (await routes.view()).bgp_prefix
    await lock(routes, one)
    await refused(routes, advertised=True)
    await refused(routes, prepend=1)
    with pytest.raises(LockedByOperator):
        await routes.unbind()


async def test_a_locked_part_is_neither_ended_nor_left_behind(routes: Routes) -> None:
    part = await routes.add()
    await lock(routes, (await routes.view(part)).bgp_prefix)
    with pytest.raises(LockedByOperator):
        await routes.remove(part)
    await routes.unbind()
    with pytest.raises(LockedByOperator):
        await Verb(routes.store, prefixes.remove)(*routes.ids, by=BY)
    await Verb(routes.store, standing.revoke_approval)(routes.claim.id, reason=WHY, by=OPERATOR)
    for days in (60, 1):  # it is told a day before
        routes.world.clock.advance(timedelta(days=days))
        await CloseUnproven(routes.store, routes.world.clock)(by=WORKER)
    assert (await routes.view(part)).bgp_prefix.locked


async def test_its_history_says_who_and_why_and_a_repetition_nothing(routes: Routes) -> None:
    version = (await routes.view()).version
    one = (await routes.view()).bgp_prefix
    await lock(routes, one)
    assert not (await lock(routes, one)).changed
    await lock(routes, one, locked=False)
    assert not (await lock(routes, one, locked=False)).changed
    events = [one for one in await routes.world.events(routes.claim) if "locked" in one.kind]
    assert [event.kind for event in events] == ["bgp_prefix.locked", "bgp_prefix.unlocked"]
    assert {event.actor for event in events} == {OPERATOR.name}
    assert {event.after["reason"] for event in events} == {WHY}
    assert (await routes.view()).version == version, "tags move with its owner's writes only"


async def test_a_reason_is_demanded_and_the_route_must_be_there(routes: Routes) -> None:
    act = Verb(routes.store, bgp_prefixes.lock)
    one = (await routes.view()).bgp_prefix
    with pytest.raises(InvalidText):
        await act(routes.claim.id, one.id, locked=True, reason=" ", by=OPERATOR)
    with pytest.raises(BgpPrefixNotFound):
        await act(routes.claim.id, routes.claim.id, locked=True, reason=WHY, by=OPERATOR)
    with pytest.raises(ClaimNotFound):
        await act(one.id, one.id, locked=True, reason=WHY, by=OPERATOR)


@pytest.mark.parametrize("advertised", [True, False], ids=["announced", "withdrawn"])
async def test_a_prefix_with_a_locked_route_is_not_offboarded(
    routes: Routes, *, advertised: bool
) -> None:
    one = (await routes.patch(advertised=advertised)).bgp_prefix
    await lock(routes, one)
    before = await routes.world.everything()
    with pytest.raises(LockedByOperator, match=str(one.cidr)):
        await offboard(routes)
    assert await routes.world.everything() == before
    await lock(routes, one, locked=False)
    await offboard(routes)


async def test_a_lock_stops_a_prefix_that_is_on_its_way_out(routes: Routes) -> None:
    one = (await routes.patch(advertised=True)).bgp_prefix
    await offboard(routes)
    await lock(routes, one)
    for _ in range(2):
        await go_on(routes)
    assert (await routes.view()).bgp_prefix.desired.advertised
    await lock(routes, one, locked=False)
    await go_on(routes)
    assert not (await routes.view()).bgp_prefix.desired.advertised


async def test_a_lock_in_its_grace_keeps_it_from_being_closed(routes: Routes) -> None:
    one = (await routes.patch(advertised=True)).bgp_prefix
    await offboard(routes)
    await go_on(routes)
    await lock(routes, one)
    routes.world.clock.advance(GRACE * 2)
    before = await routes.world.everything()
    await go_on(routes)
    with pytest.raises(LockedByOperator):
        await Verb(routes.store, prefixes.remove)(*routes.ids, by=BY)
    with pytest.raises(LockedByOperator):
        await Verb(routes.store, offboarding.end_grace)(routes.claim.id, reason=WHY, by=OPERATOR)
    assert await routes.world.everything() == before
    restored = await Verb(routes.store, offboarding.restore)(*routes.ids, by=BY)
    assert [(held.cidr, held.owed) for held in restored.withheld] == [(str(one.cidr), False)]


async def test_a_locked_announcement_is_not_rolled_back(routes: Routes) -> None:
    one = (await routes.patch(advertised=True)).bgp_prefix
    await lock(routes, one)
    desired = DesiredRoute(
        one.id, one.claim_id, one.route, advertised=True, change=one.desired.change
    )
    assert not await RetractRoute(routes.store, routes.world.clock)([desired])
    assert (await routes.view()).bgp_prefix.desired.advertised
