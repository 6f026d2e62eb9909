"""R5: withdraw, confirm, unbind, grace, close. Bindings never go while a route may be out."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.routes.offboarding import GraceNotBegun
from byoip.usecases.claims import prefixes
from tests.rules.estate import GRACE, OWNER, Estate
from tests.usecases.verbs import Verb


async def test_the_whole_way_in_its_order(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account(), 1, 2)
    await estate.offboard(claim)
    assert (await estate.up(claim), await estate.step(claim)) == (3, "withdraw")
    await estate.go_on()
    assert (await estate.up(claim), await estate.bound(claim)) == (0, 0)
    assert await estate.step(claim) == "grace"
    assert await estate.state(claim) == ("approved", "offboarding")
    estate.clock.advance(GRACE - timedelta(seconds=1))
    await estate.go_on()
    assert await estate.state(claim) == ("approved", "offboarding")
    estate.clock.advance(timedelta(seconds=1))
    await estate.go_on()
    assert await estate.state(claim) == ("closed", "offboarding")
    kinds = [kind for kind, _ in await estate.kinds(claim)]
    assert kinds == [
        "prefix.offboarding",
        *["bgp_prefix.withdrawn"] * 3,
        "offboarding.withdrawn",
        "binding.removed",
        "offboarding.unbound",
        *["bgp_prefix.removed"] * 3,
        "prefix.closed",
        "offboarding.finished",
    ]


@pytest.mark.parametrize("by", ["a speaker", "a listener"])
async def test_nothing_is_unbound_while_the_route_is_out(estate: Estate, by: str) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.hold(claim, held=by == "a speaker")
    await estate.see(claim, seen=by == "a listener")
    await estate.offboard(claim)
    for _ in range(3):
        await estate.go_on()
    assert (await estate.up(claim), await estate.bound(claim)) == (0, 1)
    assert await estate.step(claim) == "confirm"
    await estate.hold(claim, held=False)
    await estate.see(claim, seen=False)
    await estate.go_on()
    assert (await estate.bound(claim), await estate.step(claim)) == (0, "grace")


async def test_what_is_seen_again_in_its_grace_is_not_closed(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.go_on()
    await estate.see(claim, seen=True)
    estate.clock.advance(GRACE)
    await estate.go_on()
    assert await estate.state(claim) == ("approved", "offboarding")


async def test_the_database_refuses_to_unbind_or_close_under_a_route(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.hold(claim, held=True)
    for statement in (
        "UPDATE bindings SET removed_at = now() WHERE prefix_id = :id",
        "UPDATE prefixes SET state = 'closed', closed_at = now() WHERE id = :id",
    ):
        with pytest.raises(DBAPIError) as refused:
            await estate.run(statement, id=claim.id)
        assert isinstance(
            refused.value.orig,
            (psycopg.errors.RestrictViolation, psycopg.errors.ForeignKeyViolation),
        )


async def test_what_is_seen_again_before_it_is_unbound_stays_bound(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.see(claim, seen=True)
    await estate.offboard(claim)
    await estate.go_on()
    await estate.run("UPDATE offboardings SET step = 'unbind'")
    await estate.go_on()
    assert (await estate.bound(claim), await estate.step(claim)) == (1, "withdraw")


async def test_the_database_refuses_to_close_what_is_seen_with_nothing_bound(
    estate: Estate,
) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.go_on()
    await estate.run("UPDATE bgp_prefixes SET removed_at = now()")
    closing = "UPDATE prefixes SET state = 'closed', closed_at = now() WHERE id = :id"
    await estate.see(claim, seen=True)
    with pytest.raises(DBAPIError) as refused:
        await estate.run(closing, id=claim.id)
    assert "prefixes_withdraw_first" in str(refused.value.orig.diag.constraint_name)  # type: ignore[union-attr]
    await estate.see(claim, seen=False)
    await estate.run(closing, id=claim.id)


async def test_the_owner_may_end_the_grace_and_nothing_before_it(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    remove = Verb(estate.store, prefixes.remove)
    await estate.offboard(claim)
    with pytest.raises(GraceNotBegun):
        await remove(claim.account_id, claim.id, by=OWNER)
    assert await estate.up(claim) == 1
    await estate.go_on()
    await remove(claim.account_id, claim.id, by=OWNER)
    assert (await estate.state(claim))[0] == "closed"
    with pytest.raises(ClaimNotFound):
        await remove(claim.account_id, claim.id, by=OWNER)
