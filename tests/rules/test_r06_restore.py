"""R6: nothing is deleted, and one call brings it back."""

from collections.abc import Awaitable, Callable

import pytest

from byoip.domain.bgp_prefix import BgpPrefix
from byoip.domain.breaker import Source
from byoip.domain.claim import Claim
from byoip.domain.operating import ServiceInUse
from byoip.usecases.announcing import announce
from byoip.usecases.retire_service import RetireService
from byoip.usecases.withdrawing import withdraw
from tests.rules.fleet import GRACE, OPERATOR, OWNER, Fleet


def shown(routes: list[BgpPrefix]) -> list[tuple[str, bool, int]]:
    return [(str(one.cidr), one.desired.advertised, one.desired.prepend) for one in routes]


@pytest.mark.parametrize("steps", [0, 1], ids=["before a worker came", "in its grace"])
async def test_a_restored_prefix_is_as_it_was(fleet: Fleet, steps: int) -> None:
    claim = await fleet.advertised(await fleet.account(), 1, 2)
    before = shown(await fleet.routes(claim))
    await fleet.offboard(claim)
    for _ in range(steps):
        await fleet.go_on()
    restored = await fleet.restore(claim)
    assert restored.withheld == ()
    assert shown(await fleet.routes(claim)) == before
    assert (await fleet.bound(claim), await fleet.state(claim)) == (1, ("approved", "ok"))
    assert await fleet.step(claim) is None
    await fleet.go_on()
    assert await fleet.up(claim) == 3


async def test_it_can_be_restored_until_the_grace_ends(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.offboard(claim)
    await fleet.go_on()
    fleet.clock.advance(GRACE)
    assert (await fleet.restore(claim)).changed
    await fleet.go_on()
    assert await fleet.state(claim) == ("approved", "ok")


async def test_a_route_that_may_not_be_announced_holds_up_no_other(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account(), 1)
    await fleet.offboard(claim)
    await fleet.go_on()
    locked = (await fleet.routes(claim))[1]
    await fleet.run("UPDATE bgp_prefixes SET locked = true WHERE id = :id", id=locked.id)
    [withheld] = (await fleet.restore(claim)).withheld
    assert (withheld.cidr, withheld.owed) == (str(locked.cidr), False)
    assert await fleet.up(claim) == 1


async def test_a_route_of_which_nobody_can_tell_is_owed_and_tried_again(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.run("UPDATE bgp_prefixes SET last_valid_at = NULL")  # and there is no ROA data
    await fleet.offboard(claim)
    await fleet.go_on()
    [withheld] = (await fleet.restore(claim)).withheld
    assert withheld.owed
    assert (await fleet.up(claim), await fleet.state(claim)) == (0, ("approved", "ok"))
    await fleet.owed()
    assert await fleet.step(claim) == "restore"
    await fleet.run("UPDATE bgp_prefixes SET last_valid_at = now()")
    await fleet.owed()
    assert (await fleet.up(claim), await fleet.step(claim)) == (1, None)


async def announced_and_withdrawn(fleet: Fleet, claim: Claim) -> None:
    async with fleet.store.transaction() as shelf:
        owned, now = await shelf.claims.lock(claim.id), fleet.clock.now()
        [route] = await shelf.bgp_prefixes.of(claim.id)
        up = await announce(shelf, owned, route, prepend=0, by=OWNER, now=now)
        await withdraw(shelf, up, by=OWNER, now=now, source=Source.REQUEST)


async def removed(fleet: Fleet, claim: Claim) -> None:
    async with fleet.store.transaction() as shelf:
        await shelf.claims.lock(claim.id)
        [route] = await shelf.bgp_prefixes.of(claim.id)
        await shelf.bgp_prefixes.remove(route.id, fleet.clock.now())


@pytest.mark.parametrize("decide", [announced_and_withdrawn, removed])
async def test_what_its_owner_has_decided_since_is_heeded(
    fleet: Fleet, decide: Callable[[Fleet, Claim], Awaitable[None]]
) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.run("UPDATE bgp_prefixes SET last_valid_at = NULL")
    await fleet.offboard(claim)
    await fleet.go_on()
    await fleet.restore(claim)
    await fleet.run("UPDATE bgp_prefixes SET last_valid_at = now()")
    await decide(fleet, claim)
    await fleet.owed()
    assert (await fleet.up(claim), await fleet.step(claim)) == (0, None)


async def test_asking_again_changes_nothing(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    assert not (await fleet.restore(claim)).changed
    await fleet.offboard(claim)
    await fleet.offboard(claim)
    await fleet.go_on()
    assert (await fleet.restore(claim)).changed
    assert not (await fleet.restore(claim)).changed
    kinds = [kind for kind, _ in await fleet.kinds(claim)]
    assert kinds.count("prefix.offboarding") == kinds.count("offboarding.restored") == 1


async def test_it_can_go_and_come_back_many_times(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    for _ in range(3):
        await fleet.offboard(claim)
        await fleet.go_on()
        await fleet.restore(claim)
    assert (await fleet.up(claim), await fleet.bound(claim)) == (1, 1)


async def test_a_contested_prefix_is_contested_again(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.run("UPDATE prefixes SET standing = 'contested'")
    await fleet.offboard(claim)
    await fleet.restore(claim)
    assert (await fleet.state(claim), await fleet.up(claim)) == (("approved", "contested"), 1)


async def test_a_service_is_not_retired_from_under_what_may_come_back(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.offboard(claim)
    await fleet.go_on()
    retire = RetireService(fleet.store, fleet.clock)
    service = await fleet.service()
    with pytest.raises(ServiceInUse):
        await retire(service.id, reason="gone", by=OPERATOR)
    fleet.clock.advance(GRACE)
    await fleet.go_on()
    await retire(service.id, reason="gone", by=OPERATOR)
