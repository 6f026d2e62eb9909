"""A prefix moves to another account: all goes along, and nothing is withdrawn."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from byoip.domain.claims.claim import (
    Claim,
    ClaimNotFound,
    OverlapsOwnClaim,
    PrefixSuspended,
    TooManyClaims,
)
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.claims.move import (
    HolderInDoubt,
    MoveEnd,
    MoveNotFound,
    MoveRecipientNotFound,
    MoveToOwner,
)
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.claims.reservation import SpaceReserved
from byoip.domain.watch.dispute import PrefixDisputed
from byoip.domain.watch.freezing import PrefixFrozen
from byoip.domain.watch.levels import Signal
from byoip.store.claims.moving.moves import MoveReader
from byoip.usecases.bindings import bindings
from byoip.usecases.claims import delegations, moves, prefixes, reservations, standing
from tests.store.samples import BY
from tests.usecases import letters
from tests.usecases.routes import PART, Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, World
from tests.watch.test_5_disputes import claimed, disputed
from tests.watch.test_5_disputes_kept import refused
from tests.watch.test_5_holders import sold
from tests.watching import DAY, Days

WHY = "sold within the house"


async def offer(world: World, claim: Claim, to: UUID) -> UUID:
    made = await Verb(world.store, moves.offer)(claim.account_id, claim.id, to_account_id=to, by=BY)
    return made.id


async def accept(world: World, to: UUID, move_id: UUID) -> Claim:
    taking = Verb(world.store, partial(moves.accept, terms=world.terms))
    return (await taking(to, move_id, by=BY)).claim


async def on_word(world: World, claim: Claim, to: UUID) -> Claim:
    moving = Verb(world.store, partial(moves.move_on_word, terms=world.terms))
    return (await moving(claim.id, to_account_id=to, reason=WHY, by=BY)).claim


async def counted(world: World, account_id: UUID) -> tuple[int, int, int]:
    asking = text(
        "SELECT live_prefixes, open_runs, coalesce((SELECT bytes FROM evidence_usage AS e"
        " WHERE e.account_id = c.account_id), 0) FROM account_counters AS c WHERE account_id = :id"
    )
    async with world.engine.connect() as connection:
        row = (await connection.execute(asking, {"id": account_id})).one_or_none()
    return (0, 0, 0) if row is None else (row[0], row[1], row[2])


async def fed(world: World, account_id: UUID) -> list[str]:
    asking = text("SELECT kind FROM events WHERE account_id = :id ORDER BY account_number")
    async with world.engine.connect() as connection:
        return list(await connection.scalars(asking, {"id": account_id}))


async def test_offered_and_accepted_all_goes_along(
    days: Days, routes: Routes, services: dict[str, UUID]
) -> None:
    world, claim = days.world, routes.claim
    old, to = claim.account_id, await world.new_account()
    lent = Verb(world.store, delegations.delegate)
    others = {to: "31.0.0.0/25", await world.new_account(): "31.0.1.0/25"}
    for account_id, cidr in others.items():
        lend = partial(lent, cidr=cidr, delegated_account_id=account_id, expires_at=None)
        await lend(old, claim.id, by=BY)
    before, (view,) = await counted(world, old), await routes.all()
    history = await world.kinds(claim)
    assert before[2] > 0
    move_id = await offer(world, claim, to)
    for account_id in (old, to):
        (one,) = await MoveReader(world.engine).listed(account_id, world.clock.now())
        assert (one.move.id, one.cidr) == (move_id, CIDR)
    moved = await accept(world, to, move_id)
    assert (moved.account_id, moved.approved, moved.approved_at) == (to, True, claim.approved_at)
    with pytest.raises(ClaimNotFound):
        await world.reader.claim(old, claim.id)
    (after,) = await world.reader.bgp_prefixes(to, claim.id, after=None, limit=9)
    assert after.bgp_prefix == replace(view.bgp_prefix, account_id=to)  # the same row, as desired
    assert after.bgp_prefix.desired.advertised
    assert await routes.count("withdrawals") == 0
    assert (await world.kinds(moved))[: len(history)] == history
    assert [await counted(world, one) for one in (old, to)] == [(0, 0, 0), before]
    assert (await fed(world, old))[-1] == "prefix.moved"
    assert (await fed(world, to)) == ["move.offered", "delegation.ended", "prefix.moved"]
    async with world.store.transaction() as tx:  # to itself it lends nothing
        assert [one.account_id for one in await tx.delegations.of(claim.id)] == [list(others)[1]]
    # what is watched is watched on, for the new account
    await days.go_on(2 * DAY, step=DAY, files=True)
    assert await days.frozen_for(moved) == set()
    await world.bind(moved, PART, services["CDN"])


async def test_an_open_run_and_a_token_of_the_old_account(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    to = await world.new_account()
    run_id = await world.request(claim)
    await accept(world, to, await offer(world, claim, to))
    assert [(await counted(world, one))[:2] for one in (claim.account_id, to)] == [(0, 0), (1, 1)]
    await world.carry_out(run_id)
    assert [(await counted(world, one))[:2] for one in (claim.account_id, to)] == [(0, 0), (1, 0)]
    old, new = [(await counted(world, one))[2] for one in (claim.account_id, to)]
    assert (old, new > 0) == (0, True)


async def test_a_live_token_of_the_old_account_proves_nothing(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    await routes.execute("UPDATE prefixes SET frozen_for = '{roa}'")
    await world.issue(claim, TokenMethod.RDNS)
    to = await world.new_account()
    moved = await on_word(world, claim, to)
    async with world.store.transaction() as tx:
        assert await tx.tokens.live(claim.id) is None
    assert set(moved.frozen_for) == {Signal.ROA}  # it stays frozen
    told = (await world.events(moved))[-1]
    assert (told.kind, told.after["reason"]) == ("prefix.moved", WHY)


async def test_who_may_not_offer_and_what(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    to = await world.new_account()
    with pytest.raises(MoveToOwner):
        await offer(world, claim, claim.account_id)
    with pytest.raises(MoveRecipientNotFound):
        await offer(world, claim, uuid4())
    stand = Verb(world.store, partial(standing.change_standing, reason=WHY))
    await stand(claim.id, transition=Transition.SUSPENDED, by=BY)
    with pytest.raises(PrefixSuspended):
        await offer(world, claim, to)
    await stand(claim.id, transition=Transition.RESUMED, by=BY)
    move_id = await offer(world, claim, to)
    # what may be another's by now is not passed on: neither at the first file nor when frozen
    await sold(days, (CIDR, "allocated", "buyer"))
    with pytest.raises(HolderInDoubt):
        await accept(world, to, move_id)
    await sold(days, (CIDR, "allocated", "buyer"))
    with pytest.raises(PrefixFrozen):
        await accept(world, to, move_id)
    moved = await on_word(world, claim, to)  # the operator does
    assert set(moved.frozen_for) == {Signal.HOLDER}
    assert await moves_of(world, claim) == [MoveEnd.TAKEN_BACK, MoveEnd.MOVED]


async def moves_of(world: World, claim: Claim) -> list[MoveEnd]:
    asking = text("SELECT ended FROM prefix_moves WHERE prefix_id = :id ORDER BY offered_at")
    async with world.engine.connect() as connection:
        rows = await connection.scalars(asking, {"id": claim.id})
    return [MoveEnd(one) for one in rows]


async def test_not_in_a_dispute(days: Days, routes: Routes) -> None:
    rival, _ = await disputed(days, routes)
    with pytest.raises(PrefixDisputed):
        await on_word(days.world, routes.claim, await days.world.new_account())
    with pytest.raises(PrefixDisputed):
        await on_word(days.world, routes.claim, rival.account_id)


async def test_there_has_to_be_a_place_for_it(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    full = await world.new_account(quota=0)
    with pytest.raises(TooManyClaims):
        await accept(world, full, await offer(world, claim, full))
    rival = await claimed(days)
    with pytest.raises(OverlapsOwnClaim):
        await accept(world, rival.account_id, await offer(world, claim, rival.account_id))
    await Verb(world.store, prefixes.remove)(rival.account_id, rival.id, by=BY)
    reserving = Verb(world.store, partial(reservations.reserve, reason=WHY))
    await reserving(cidr=CIDR, account_id=claim.account_id, by=BY)
    with pytest.raises(SpaceReserved):
        await on_word(world, claim, rival.account_id)
    assert (await world.now(claim)).approved


async def test_taken_back_declined_replaced_and_late(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    to, third = await world.new_account(), await world.new_account()
    end = Verb(world.store, moves.take_back)
    for by in (claim.account_id, to):
        move_id = await offer(world, claim, to)
        with pytest.raises(MoveNotFound):
            await end(third, move_id, by=BY)
        with pytest.raises(MoveNotFound):
            await accept(world, third, move_id)
        await end(by, move_id, by=BY)
        with pytest.raises(MoveNotFound):
            await accept(world, to, move_id)
    first = await offer(world, claim, to)
    second = await offer(world, claim, third)
    with pytest.raises(MoveNotFound):
        await accept(world, to, first)
    world.clock.advance(timedelta(days=14))
    with pytest.raises(MoveNotFound):
        await accept(world, third, second)
    ends = await world.events(claim)
    assert [one.after["ended"] for one in ends if one.kind == "move.ended"][::2] == [
        "taken_back",
        "declined",
        "taken_back",
    ]


async def test_of_two_at_once_one_gets_it(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    to, third = await world.new_account(), await world.new_account()
    move_id = await offer(world, claim, to)
    done = await asyncio.gather(
        accept(world, to, move_id),
        on_word(world, claim, third),
        Verb(world.store, moves.take_back)(claim.account_id, move_id, by=BY),
        routes.patch(advertised=False),
        return_exceptions=True,
    )
    owners = {one.account_id for one in done if isinstance(one, Claim)}
    async with world.engine.connect() as connection:
        now = await connection.scalar(
            text("SELECT account_id FROM prefixes WHERE id = :id"), {"id": claim.id}
        )
    assert now in owners | {claim.account_id}
    live = [(await counted(world, one))[0] for one in (claim.account_id, to, third)]
    assert sorted(live) == [0, 0, 1]
    for fault in (one for one in done if isinstance(one, BaseException)):
        assert not isinstance(fault, (DBAPIError, psycopg.Error)), fault


async def test_the_database_moves_nothing_by_itself(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    to = await world.new_account()
    moving = "UPDATE prefixes SET account_id = :to WHERE id = :id"
    assert await refused(days, moving, to=to, id=claim.id) == "prefixes_move"
    fixed = "UPDATE prefixes SET asn = 1 WHERE id = :id"
    assert await refused(days, fixed, id=claim.id) == "prefixes_fixed"
    move_id = await offer(world, claim, to)
    assert await refused(days, moving, to=to, id=claim.id) == "prefixes_move"
    await Verb(world.store, standing.revoke_approval)(claim.id, reason=WHY, by=BY)
    assert await moves_of(world, claim) == [MoveEnd.GONE]
    with pytest.raises(MoveNotFound):
        await accept(world, to, move_id)


async def test_the_old_account_does_nothing_any_more(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    to = await world.new_account()
    await accept(world, to, await offer(world, claim, to))
    with pytest.raises(ClaimNotFound):
        await routes.patch(advertised=False)
    with pytest.raises(ClaimNotFound):
        await Verb(world.store, bindings.bind)(
            claim.account_id, claim.id, cidr=PART, service_id=uuid4(), by=BY
        )


async def test_a_letter_is_written_anew_and_the_old_one_stands_until_then(world: World) -> None:
    claim = await letters.approved(world)
    to = await world.new_account()

    async def moved() -> None:
        await on_word(world, claim, to)

    # what is being set as it moves would name the account of before
    assert await letters.write(world, claim, meanwhile=moved) is None
    async with world.store.transaction() as tx:
        anew = await tx.claims.get(claim.id)
    first = await letters.written(world, anew)
    assert first.account_id == to
    queued = await letters.queued(world)
    back = await on_word(world, anew, claim.account_id)
    assert await letters.queued(world) == queued + 1  # at once, and not with the next look
    assert (await letters.read(world, first)).revoked_at is None
    async with world.store.transaction() as tx:
        assert list(await tx.letters.due(world.clock.now(), 10)) == [claim.id]
    second = await letters.written(world, back)
    assert second.account_id == claim.account_id
    assert (await letters.read(world, first)).superseded_by == second.reference
    async with world.store.transaction() as tx:
        assert list(await tx.letters.due(world.clock.now(), 10)) == []
