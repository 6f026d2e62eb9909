"""R6: nothing is deleted, and one call brings it back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from byoip.domain.bindings.offered_service import ServiceInUse
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.routes.bgp_prefix import BgpPrefix, Contested
from byoip.domain.routes.breaker import Source
from byoip.usecases.bindings import services
from byoip.usecases.claims import standing
from byoip.usecases.routes.announce import announce
from byoip.usecases.routes.withdraw import withdraw
from tests.announcing import until
from tests.rules.estate import GRACE, OPERATOR, OWNER, Estate
from tests.usecases.verbs import Verb

_TAKEN = text("""
    UPDATE bgp_prefixes SET cidr = CAST(:cidr AS cidr), prefix_cidr = CAST(:cidr AS cidr)
    WHERE prefix_id = :id
""")
_PAST_TRIGGERS = text("SET LOCAL session_replication_role = replica")
_WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")


def shown(routes: list[BgpPrefix]) -> list[tuple[str, bool, int]]:
    return [(str(one.cidr), one.desired.advertised, one.desired.prepend) for one in routes]


@pytest.mark.parametrize("steps", [0, 1], ids=["before a worker came", "in its grace"])
async def test_a_restored_prefix_is_as_it_was(estate: Estate, steps: int) -> None:
    claim = await estate.advertised(await estate.account(), 1, 2)
    before = shown(await estate.routes(claim))
    await estate.offboard(claim)
    for _ in range(steps):
        await estate.go_on()
    restored = await estate.restore(claim)
    assert restored.withheld == ()
    assert shown(await estate.routes(claim)) == before
    assert (await estate.bound(claim), await estate.state(claim)) == (1, ("approved", "ok"))
    assert await estate.step(claim) is None
    await estate.go_on()
    assert await estate.up(claim) == 3


async def test_it_can_be_restored_until_the_grace_ends(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.go_on()
    estate.clock.advance(GRACE)
    assert (await estate.restore(claim)).changed
    await estate.go_on()
    assert await estate.state(claim) == ("approved", "ok")


async def test_a_route_that_another_claim_just_announces_holds_up_no_other(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account(), 1)
    rival = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.go_on()
    taken = (await estate.routes(claim))[1]
    asked = {"cidr": str(taken.cidr), "id": rival.id}
    async with estate.engine.begin() as faster:

        async def it_waits() -> bool:
            return bool((await faster.execute(_WAITS)).scalar_one())

        await faster.execute(_PAST_TRIGGERS)
        await faster.execute(_TAKEN, asked)
        restoring = asyncio.create_task(estate.restore(claim))
        await until(it_waits)
    [withheld] = (await restoring).withheld
    assert (withheld.cidr, withheld.owed) == (str(taken.cidr), True)
    assert await estate.up(claim) == 1
    assert await estate.state(claim) == ("approved", "ok")


async def test_a_route_that_may_not_be_announced_holds_up_no_other(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account(), 1)
    await estate.offboard(claim)
    await estate.go_on()
    locked = (await estate.routes(claim))[1]
    await estate.run("UPDATE bgp_prefixes SET locked = true WHERE id = :id", id=locked.id)
    [withheld] = (await estate.restore(claim)).withheld
    assert (withheld.cidr, withheld.owed) == (str(locked.cidr), False)
    assert await estate.up(claim) == 1


async def test_a_route_with_unknown_roas_is_owed_and_tried_again(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = NULL")  # and there is no ROA data
    await estate.offboard(claim)
    await estate.go_on()
    [withheld] = (await estate.restore(claim)).withheld
    assert withheld.owed
    assert (await estate.up(claim), await estate.state(claim)) == (0, ("approved", "ok"))
    await estate.owed()
    assert await estate.step(claim) == "restore"
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = now()")
    await estate.owed()
    assert (await estate.up(claim), await estate.step(claim)) == (1, None)


async def announced_and_withdrawn(estate: Estate, claim: Claim) -> None:
    async with estate.store.transaction(actor=OWNER) as tx:
        owned = await tx.claims.lock(claim.id)
        [route] = await tx.bgp_prefixes.of(claim.id)
        up = await announce(tx, owned, route, prepend=0)
        await withdraw(tx, up, source=Source.REQUEST)


async def removed(estate: Estate, claim: Claim) -> None:
    async with estate.store.transaction() as tx:
        await tx.claims.lock(claim.id)
        [route] = await tx.bgp_prefixes.of(claim.id)
        await tx.bgp_prefixes.remove(route.id, estate.clock.now())


@pytest.mark.parametrize("decide", [announced_and_withdrawn, removed])
async def test_what_its_owner_has_decided_since_is_heeded(
    estate: Estate, decide: Callable[[Estate, Claim], Awaitable[None]]
) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = NULL")
    await estate.offboard(claim)
    await estate.go_on()
    await estate.restore(claim)
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = now()")
    await decide(estate, claim)
    await estate.owed()
    assert (await estate.up(claim), await estate.step(claim)) == (0, None)


async def test_asking_again_changes_nothing(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    assert not (await estate.restore(claim)).changed
    await estate.offboard(claim)
    await estate.offboard(claim)
    await estate.go_on()
    assert (await estate.restore(claim)).changed
    assert not (await estate.restore(claim)).changed
    kinds = [kind for kind, _ in await estate.kinds(claim)]
    assert kinds.count("prefix.offboarding") == kinds.count("offboarding.restored") == 1


async def test_it_can_go_and_come_back_many_times(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    for _ in range(3):
        await estate.offboard(claim)
        await estate.go_on()
        await estate.restore(claim)
    assert (await estate.up(claim), await estate.bound(claim)) == (1, 1)


async def test_a_contested_prefix_is_contested_again(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.run("UPDATE prefixes SET standing = 'contested'")
    await estate.offboard(claim)
    await estate.restore(claim)
    assert (await estate.state(claim), await estate.up(claim)) == (("approved", "contested"), 1)


async def test_a_contested_prefix_gets_its_routes_back_when_it_is_settled(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account(), 1)
    await estate.run("UPDATE prefixes SET standing = 'contested'")
    await estate.offboard(claim)
    await estate.go_on()
    withheld = (await estate.restore(claim)).withheld
    assert [one.owed for one in withheld] == [True, True]
    for _ in range(30):  # it takes a month to talk
        estate.clock.advance(timedelta(days=1))
        await estate.owed()
    assert (await estate.state(claim), await estate.up(claim)) == (("approved", "contested"), 0)
    settle = Verb(estate.store, standing.change_standing)
    await settle(claim.id, transition=Transition.SETTLED, reason="a ticket", by=OPERATOR)
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = :at", at=estate.clock.now())
    await estate.owed()
    assert (await estate.state(claim), await estate.up(claim)) == (("approved", "ok"), 2)


async def test_what_is_owed_is_not_forgotten_by_leaving_again(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account(), 1)
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = NULL")
    for _ in range(2):
        await estate.offboard(claim)
        await estate.go_on()
        await estate.restore(claim)
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = now()")
    await estate.owed()
    assert await estate.up(claim) == 2


async def test_a_binding_of_which_another_has_the_space_is_refused_by_name(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.go_on()
    await estate.give_to_another(claim.id, str(claim.prefix))
    with pytest.raises(Contested):
        await estate.restore(claim)
    assert await estate.step(claim) == "grace"


async def test_a_service_is_not_retired_from_under_what_may_come_back(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.go_on()
    retire = Verb(estate.store, services.retire)
    service = await estate.service()
    with pytest.raises(ServiceInUse):
        await retire(service.id, reason="gone", by=OPERATOR)
    estate.clock.advance(GRACE)
    await estate.go_on()
    await retire(service.id, reason="gone", by=OPERATOR)
