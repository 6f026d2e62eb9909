"""R5: withdraw, confirm, unbind, grace, close. Bindings never go while a route may be out."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from byoip.domain.claim import ClaimNotFound
from byoip.domain.offboarding import GraceNotBegun
from byoip.usecases.remove_prefix import RemovePrefix
from tests.rules.fleet import GRACE, OWNER, Fleet


async def test_the_whole_way_in_its_order(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account(), 1, 2)
    await fleet.offboard(claim)
    assert (await fleet.up(claim), await fleet.step(claim)) == (3, "withdraw")
    await fleet.go_on()
    assert (await fleet.up(claim), await fleet.bound(claim)) == (0, 0)
    assert await fleet.step(claim) == "grace"
    assert await fleet.state(claim) == ("approved", "offboarding")
    fleet.clock.advance(GRACE - timedelta(seconds=1))
    await fleet.go_on()
    assert await fleet.state(claim) == ("approved", "offboarding")
    fleet.clock.advance(timedelta(seconds=1))
    await fleet.go_on()
    assert await fleet.state(claim) == ("closed", "offboarding")
    kinds = [kind for kind, _ in await fleet.kinds(claim)]
    assert kinds == [
        "prefix.offboarding",
        *["bgp_prefix.withdrawn"] * 3,
        "offboarding.withdrawn",
        "binding.removed",
        "offboarding.unbound",
        "prefix.closed",
        "offboarding.finished",
    ]


@pytest.mark.parametrize("by", ["a speaker", "a listener"])
async def test_nothing_is_unbound_while_the_route_is_out(fleet: Fleet, by: str) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.hold(claim, held=by == "a speaker")
    await fleet.see(claim, seen=by == "a listener")
    await fleet.offboard(claim)
    for _ in range(3):
        await fleet.go_on()
    assert (await fleet.up(claim), await fleet.bound(claim)) == (0, 1)
    assert await fleet.step(claim) == "confirm"
    await fleet.hold(claim, held=False)
    await fleet.see(claim, seen=False)
    await fleet.go_on()
    assert (await fleet.bound(claim), await fleet.step(claim)) == (0, "grace")


async def test_what_is_seen_again_in_its_grace_is_not_closed(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.offboard(claim)
    await fleet.go_on()
    await fleet.see(claim, seen=True)
    fleet.clock.advance(GRACE)
    await fleet.go_on()
    assert await fleet.state(claim) == ("approved", "offboarding")


async def test_the_database_refuses_to_unbind_or_close_under_a_route(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.hold(claim, held=True)
    for statement in (
        "UPDATE bindings SET removed_at = now() WHERE prefix_id = :id",
        "UPDATE prefixes SET state = 'closed', closed_at = now() WHERE id = :id",
    ):
        with pytest.raises(DBAPIError) as refused:
            await fleet.run(statement, id=claim.id)
        assert isinstance(
            refused.value.orig,
            (psycopg.errors.RestrictViolation, psycopg.errors.ForeignKeyViolation),
        )


async def test_what_is_seen_again_before_it_is_unbound_stays_bound(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.see(claim, seen=True)
    await fleet.offboard(claim)
    await fleet.go_on()
    await fleet.run("UPDATE offboardings SET step = 'unbind'")
    await fleet.go_on()
    assert (await fleet.bound(claim), await fleet.step(claim)) == (1, "withdraw")


async def test_the_database_refuses_to_close_what_is_seen_with_nothing_bound(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.offboard(claim)
    await fleet.go_on()
    await fleet.run("UPDATE bgp_prefixes SET removed_at = now()")
    closing = "UPDATE prefixes SET state = 'closed', closed_at = now() WHERE id = :id"
    await fleet.see(claim, seen=True)
    with pytest.raises(DBAPIError) as refused:
        await fleet.run(closing, id=claim.id)
    assert "prefixes_withdraw_first" in str(refused.value.orig.diag.constraint_name)  # type: ignore[union-attr]
    await fleet.see(claim, seen=False)
    await fleet.run(closing, id=claim.id)


async def test_the_owner_may_end_the_grace_and_nothing_before_it(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    remove = RemovePrefix(fleet.store, fleet.clock)
    await fleet.offboard(claim)
    with pytest.raises(GraceNotBegun):
        await remove(claim.account_id, claim.id, by=OWNER)
    assert await fleet.up(claim) == 1
    await fleet.go_on()
    await remove(claim.account_id, claim.id, by=OWNER)
    assert (await fleet.state(claim))[0] == "closed"
    with pytest.raises(ClaimNotFound):
        await remove(claim.account_id, claim.id, by=OWNER)
