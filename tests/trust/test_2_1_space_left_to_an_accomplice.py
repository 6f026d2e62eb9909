"""Trust, 2.1: space that a holder leaves around its sale goes to no other account by its old zone.

Whenever it leaves: before any file tells of the buyer, or frozen, and brought back pending to look
as if it had not left. Who proves it by others than stood there as it was frozen is approved.
"""

from dataclasses import replace
from functools import partial

import pytest

from byoip.domain.asn import Asn
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.watch.dispute import Side
from byoip.domain.watch.levels import Signal
from byoip.usecases.claims import prefixes, reopen
from byoip.usecases.watch import after_a_sale, lift
from tests.fakes.dns import SERVERS
from tests.store.samples import BY
from tests.trust.contests import remove, revoke
from tests.trust.test_2_1_space_given_up_before_the_sale import given_up
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.conftest import database_url, days, routes, services, world, world_engine
from tests.watch.test_4_after_a_sale import NEW, frozen, look_now, move, new_route
from tests.watch.test_5_disputes import claimed, decide, open_ones
from tests.watch.test_5_disputes_won import accomplice, result
from tests.watch.test_5_holders import sold
from tests.watching import DAY, Days

__all__ = ["database_url", "days", "routes", "services", "world", "world_engine"]  # fixtures


async def looked_at(days: Days, routes: Routes) -> None:
    await look_now(days, routes)
    await days.files()
    await days.run()


async def approved(days: Days) -> bool:
    """Whether another account is that proves it now."""
    other = await accomplice(days)
    await days.snapshot()
    ended = await result(days, other)
    assert ended in {RunResult.APPROVED, RunResult.CONTESTED}
    return ended is RunResult.APPROVED


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("way", ["removed", "revoked"])
async def test_2_1_left_before_any_file_tells_of_the_buyer(
    days: Days, routes: Routes, way: str, new: bool
) -> None:
    await looked_at(days, routes)
    await (given_up(routes) if way == "removed" else revoke(days.world, routes.claim))
    await sold(days, (CIDR, "allocated", "buyer"))
    if new:
        move(days, *NEW)
    assert not await approved(days)


async def test_2_1_frozen_and_given_up_and_brought_back(days: Days, routes: Routes) -> None:
    await frozen(days, routes)
    await given_up(routes)
    await Verb(routes.store, partial(reopen.reopen, terms=days.world.terms))(*routes.ids, by=BY)
    assert not await approved(days)


async def test_2_1_what_stood_there_as_it_was_frozen_once_before_says_nothing(
    days: Days, routes: Routes
) -> None:
    await frozen(days, routes)
    await Verb(routes.store, lift.lift_freeze)(routes.claim.id, reason="A merger.", by=BY)
    move(days, *NEW)
    await looked_at(days, routes)
    await sold(days, (CIDR, "allocated", "another"))  # one file
    await given_up(routes)
    assert not await approved(days)


async def test_2_1_of_the_part_that_was_not_sold_it_says_nothing(
    days: Days, routes: Routes
) -> None:
    await given_up(routes)
    await sold(days, ("31.0.0.0/24", "allocated", "seller"), ("31.0.1.0/24", "allocated", "buyer"))
    for cidr, free in (("31.0.0.0/24", True), ("31.0.1.0/24", False)):
        other = await days.world.approved(cidr, account_id=await days.world.new_account())
        assert other.approved is free


async def test_2_1_whom_an_operator_decided_for_has_what_another_holder_left_by_its_proof_alone(
    days: Days, routes: Routes
) -> None:
    account = await days.world.new_account()
    both = [await days.world.approved(f"31.1.{one}.0/24", account_id=account) for one in (0, 1)]
    days.rows["ripencc"].append(("31.1.0.0/23", "allocated", "seller"))
    days.roas += [valid(str(one.prefix)) for one in both]
    await looked_at(days, routes)
    for _ in range(2):
        days.world.clock.advance(DAY)
        days.rows["ripencc"][-1] = ("31.1.0.0/23", "allocated", "buyer")
        await looked_at(days, routes)
    claimant = await claimed(days, "31.1.0.0/23")
    disputes = {one.holder.claim.id: one.dispute.id for one in await open_ones(days)}
    await decide(days, disputes[both[0].id], Side.CLAIMANT, early=True)
    await remove(days.world, both[1])
    assert await result(days, claimant) is RunResult.CONTESTED


async def test_2_1_more_than_a_space_sees_is_a_persons_to_judge(
    days: Days, routes: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await frozen(days, routes)
    await given_up(routes)
    move(days, *NEW)
    monkeypatch.setattr(after_a_sale, "MOST_LEFT", 0)
    assert not await approved(days)
    monkeypatch.undo()
    assert await approved(days)


@pytest.mark.parametrize(
    ("cidr", "end"), [(CIDR, RunResult.APPROVED), ("31.0.1.0/24", RunResult.CONTESTED)]
)
async def test_2_1_of_a_part_nobody_knows_who_maintained_its_route_then(
    days: Days, routes: Routes, cidr: str, end: RunResult
) -> None:
    """A seller has had more of them than the one that was looked at."""
    await frozen(days, routes)
    await given_up(routes)
    days.world.responsible = replace(days.world.responsible, holder_rule=True)
    new_route(days)
    part = await days.world.claim(cidr, account_id=await days.world.new_account())
    token = (await days.world.issue(part, TokenMethod.IRR)).token
    remarks = f"remarks: byoip-validation: {token.value}"
    new_route(days, remarks)
    if cidr != CIDR:
        text = f"route: {cidr}\norigin: AS64500\nmnt-by: NEW-MNT\n{remarks}\nsource: RIPE"
        days.world.registry.put("RIPE", text)
    days.roas.append(valid(cidr))
    await days.snapshot()
    assert await result(days, part) is end


async def test_2_1_where_there_were_no_zones_all_that_come_are_new(
    days: Days, routes: Routes
) -> None:
    """Only who holds the space by then has the registry delegate any."""
    move(days)  # to none
    await routes.execute("DELETE FROM prefix_watches WHERE signal LIKE '%zone%'")
    await frozen(days, routes)
    await given_up(routes)
    move(days, *NEW)
    assert await approved(days)


async def test_2_1_whose_zones_the_registry_took_away_with_the_sale(
    days: Days, routes: Routes
) -> None:
    """As registries do: what they delegate later is another's, unless to those of before."""
    await looked_at(days, routes)
    move(days)  # to none
    await frozen(days, routes)
    await given_up(routes)
    move(days, *(name for name, _ in SERVERS))
    assert not await approved(days)
    move(days, *NEW)
    assert await approved(days)


@pytest.mark.parametrize(
    ("origin", "end"), [(64500, RunResult.APPROVED), (64510, RunResult.CONTESTED)]
)
async def test_2_1_of_another_origin_nobody_knows_who_maintained_its_route_then(
    days: Days, routes: Routes, origin: int, end: RunResult
) -> None:
    """A seller may have had one for each origin, and only that of its prefix was looked at."""
    await frozen(days, routes)
    await given_up(routes)
    world = days.world
    world.responsible = replace(world.responsible, holder_rule=True)
    new_route(days)
    terms = replace(world.terms, origins=frozenset({Asn(origin)}))
    bringing = Verb(routes.store, partial(prefixes.submit, terms=terms))
    view = await bringing(
        await world.new_account(),
        cidr=CIDR,
        asn=origin,
        description="",
        delegate_loa_creation=False,
        by=BY,
    )
    claim = view.claim
    token = (await world.issue(claim, TokenMethod.IRR)).token
    new_route(days, f"remarks: byoip-validation: {token.value}", origin=origin)
    days.roas.append(valid(CIDR, origin=origin))
    await days.snapshot()
    assert await result(days, claim) is end


async def test_2_1_of_zones_in_the_one_that_was_looked_at_nobody_knows_where_they_stood(
    days: Days, routes: Routes
) -> None:
    """Where no registry delegated that one, it may have delegated parts of it to the seller."""
    wide, part = "31.4.0.0/16", "31.4.1.0/24"
    seller = await days.world.approved(wide, account_id=await days.world.new_account())
    days.rows["ripencc"].append((wide, "allocated", "seller"))
    days.roas += [valid(wide), valid(part)]
    days.world.dns.delegate("4.31.in-addr.arpa.")  # to none
    days.world.dns.delegate("1.4.31.in-addr.arpa.", *NEW)
    await looked_at(days, routes)
    for _ in range(2):
        days.world.clock.advance(DAY)
        days.rows["ripencc"][-1] = (wide, "allocated", "buyer")
        await looked_at(days, routes)
    assert await days.frozen_for(seller) == {Signal.HOLDER}
    await remove(days.world, seller)
    await days.snapshot()
    other = await days.world.claim(part, account_id=await days.world.new_account())
    await days.world.prove(other)
    await days.snapshot()
    assert await result(days, other) is RunResult.CONTESTED
