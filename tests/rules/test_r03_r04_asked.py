"""R3: looked at again, row by row, under its lock. R4: no recorded request, no act."""

from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from byoip.domain.claim import Claim
from byoip.usecases.continue_offboardings import ContinueOffboardings
from tests.rules.fleet import GRACE, OWNER, WORKER, Fleet


class EverythingIsDue(ContinueOffboardings):
    """The outage's bug: the list has everything in it."""

    async def bug(self, everything: list[Claim]) -> None:
        for claim in everything:
            await self._go_on(claim.id, WORKER.request_id)


async def test_r03_what_is_not_on_its_way_out_is_skipped_whoever_lists_it(fleet: Fleet) -> None:
    account_id = await fleet.account()
    everything = [await fleet.advertised(account_id) for _ in range(5)]
    await fleet.offboard(everything[0])
    await EverythingIsDue(fleet.store, fleet.clock, GRACE).bug(everything)
    assert await fleet.up(*everything[1:]) == 4
    for claim in everything[1:]:
        assert (await fleet.bound(claim), await fleet.state(claim)) == (1, ("approved", "ok"))
        assert await fleet.kinds(claim) == []


async def test_r03_what_was_restored_since_it_was_listed_is_left_alone(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.offboard(claim)
    async with fleet.store.transaction() as shelf:
        due = await shelf.offboardings.due(fleet.clock.now(), 10)
    await fleet.restore(claim)
    await EverythingIsDue(fleet.store, fleet.clock, GRACE).bug([claim])
    assert due == [claim.id]
    assert (await fleet.up(claim), await fleet.state(claim)) == (1, ("approved", "ok"))


async def test_r03_what_was_restored_and_owes_a_route_is_left_alone(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    await fleet.run("UPDATE bgp_prefixes SET last_valid_at = NULL")
    await fleet.offboard(claim)
    await fleet.go_on()
    await fleet.restore(claim)
    fleet.clock.advance(GRACE)
    await EverythingIsDue(fleet.store, fleet.clock, GRACE).bug([claim])
    assert (await fleet.state(claim), await fleet.bound(claim)) == (("approved", "ok"), 1)


async def test_r04_every_act_names_the_request_that_asked(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account(), 1)
    await fleet.offboard(claim)
    await fleet.go_on()
    fleet.clock.advance(GRACE)
    await fleet.go_on()
    assert {request for _, request in await fleet.kinds(claim)} == {OWNER.request_id}
    for query in (
        "SELECT string_agg(DISTINCT request_id, ' ') FROM withdrawals",
        "SELECT string_agg(DISTINCT request_id, ' ') FROM bgp_prefixes",
    ):
        assert await fleet.one(query) == OWNER.request_id


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
async def test_r04_the_database_refuses_what_nobody_asked_for(fleet: Fleet, statement: str) -> None:
    claim = await fleet.advertised(await fleet.account())
    if "UPDATE prefixes" not in statement:
        await fleet.offboard(claim)
    with pytest.raises(DBAPIError) as refused:
        await fleet.run(statement, id=claim.id)
    assert isinstance(
        refused.value.orig, (psycopg.errors.RestrictViolation, psycopg.errors.CheckViolation)
    )


async def test_r04_a_row_without_a_request_cannot_be(fleet: Fleet) -> None:
    claim = await fleet.advertised(await fleet.account())
    with pytest.raises(DBAPIError):
        await fleet.run(
            "INSERT INTO offboardings (id, prefix_id, actor, request_id, began_at, step, "
            "contested, routes, bindings) VALUES (:new, :id, 'worker', '', now(), 'withdraw', "
            "false, '[]', '[]')",
            new=uuid4(),
            id=claim.id,
        )
