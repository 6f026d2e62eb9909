"""R3: looked at again, row by row, under its lock. R4: no recorded request, no act."""

from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from byoip.domain.claims.claim import Claim
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from tests.rules.estate import GRACE, OWNER, Estate


class EverythingIsDue(ContinueOffboardings):
    """The outage's bug: the list has everything in it."""

    async def bug(self, everything: list[Claim]) -> None:
        for claim in everything:
            await self._go_on(claim.id)


async def test_r03_what_is_not_on_its_way_out_is_skipped_whatever_lists_it(estate: Estate) -> None:
    account_id = await estate.account()
    everything = [await estate.advertised(account_id) for _ in range(5)]
    await estate.offboard(everything[0])
    await EverythingIsDue(estate.store, estate.clock, GRACE).bug(everything)
    assert await estate.up(*everything[1:]) == 4
    for claim in everything[1:]:
        assert (await estate.bound(claim), await estate.state(claim)) == (1, ("approved", "ok"))
        assert await estate.kinds(claim) == []


async def test_r03_what_was_restored_since_it_was_listed_is_left_alone(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    async with estate.store.transaction() as tx:
        due = await tx.offboardings.due(estate.clock.now(), 10)
    await estate.restore(claim)
    await EverythingIsDue(estate.store, estate.clock, GRACE).bug([claim])
    assert [one.claim_id for one in due] == [claim.id]
    assert (await estate.up(claim), await estate.state(claim)) == (1, ("approved", "ok"))


async def test_r03_what_was_restored_and_owes_a_route_is_left_alone(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = NULL")
    await estate.offboard(claim)
    await estate.go_on()
    await estate.restore(claim)
    estate.clock.advance(GRACE)
    await EverythingIsDue(estate.store, estate.clock, GRACE).bug([claim])
    assert (await estate.state(claim), await estate.bound(claim)) == (("approved", "ok"), 1)


async def test_r04_every_act_names_the_request_that_asked(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account(), 1)
    await estate.offboard(claim)
    await estate.go_on()
    estate.clock.advance(GRACE)
    await estate.go_on()
    assert {request for _, request in await estate.kinds(claim)} == {OWNER.request_id}
    for query in (
        "SELECT string_agg(DISTINCT request_id, ' ') FROM withdrawals",
        "SELECT string_agg(DISTINCT request_id, ' ') FROM bgp_prefixes",
    ):
        assert await estate.one(query) == OWNER.request_id


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE prefixes SET standing = 'offboarding' WHERE id = :id",
        "UPDATE offboardings SET request_id = '' WHERE prefix_id = :id",
        "UPDATE offboardings SET request_id = 'another' WHERE prefix_id = :id",
        "DELETE FROM offboardings WHERE prefix_id = :id",
        "UPDATE prefixes SET (state, closed_at, standing) = ('closed', now(), 'offboarding')",
    ],
    ids=["unasked", "no request", "another request", "deleted", "closed before its grace"],
)
async def test_r04_the_database_refuses_what_was_not_asked_for(
    estate: Estate, statement: str
) -> None:
    claim = await estate.advertised(await estate.account())
    if "UPDATE prefixes" not in statement:
        await estate.offboard(claim)
    with pytest.raises(DBAPIError) as refused:
        await estate.run(statement, id=claim.id)
    assert isinstance(
        refused.value.orig, (psycopg.errors.RestrictViolation, psycopg.errors.CheckViolation)
    )


async def test_r04_a_row_without_a_request_cannot_be(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    with pytest.raises(DBAPIError):
        await estate.run(
            "INSERT INTO offboardings (id, prefix_id, actor, request_id, began_at, step, "
            "contested, routes, bindings) VALUES (:new, :id, 'worker', '', now(), 'withdraw', "
            "false, '[]', '[]')",
            new=uuid4(),
            id=claim.id,
        )
