"""Page, 4: an old form of an operator's is not done once whose space it is looks otherwise.

Whoever waits for it may be a thief: the form was opened before the facts changed.
"""

from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.asn import Asn
from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.registry import Allocation
from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.remembered import Remembered
from byoip.domain.watch.watch import Watch
from byoip.ports.checks.registrations import StatisticsFile
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.transaction import Transaction
from byoip.usecases.claims import moves, prefixes
from tests.api.bound import bound
from tests.api.operators import WHY
from tests.api.world import World
from tests.web.browser import Form, Reading, signed_in
from tests.web.test_4_1_asn_disputes import asn_disputed, form_for
from tests.web.test_4_decided_by import Change, changed, has, revoked
from tests.web.test_4_noc import NOC, acting

FROZEN: Final = has(frozen_for=frozenset({Signal.HOLDER}), standing=Standing.CONTESTED)


def named(holder: str) -> Change:
    """By two files of statistics it is this one's by now."""

    async def change(tx: Transaction, claim: Claim) -> None:
        of = [Remembered((("ripencc", one, "allocated"),)).kept() for one in ("seller", holder)]
        seen = f"It was seller, and is {holder}."
        failing = Watch(Signal.HOLDER, baseline=of[0]).bad(tx.now, seen, found=of[1])
        await tx.watches.put(claim.id, failing)

    return change


async def up(tx: Transaction, claim: Claim) -> None:
    """Its route is announced, as its owner wants it."""
    (route,) = await tx.bgp_prefixes.of(claim.id)
    desired = replace(route.desired, advertised=True, at=tx.now, change=route.desired.change + 1)
    (binding,) = await tx.bindings.of(claim.id)
    await tx.bgp_prefixes.save(
        replace(route, desired=replace(desired, binding_id=binding.id), modified_at=tx.now)
    )


async def lost_its_token(tx: Transaction, claim: Claim) -> None:
    """A server of the zone has it no more."""
    await tx.claims.save(replace(claim, ownership=CheckRecord(CheckState.INVALID)))


def moving(world: World) -> Change:
    async def change(tx: Transaction, claim: Claim) -> None:
        terms = world.backend.terms
        to = world.other_account_id
        await moves.move_on_word(tx, claim.id, to_account_id=to, reason=WHY, terms=terms)

    return change


def proving(world: World) -> Change:
    """Another account proves the space."""

    async def change(tx: Transaction, claim: Claim) -> None:
        rival = replace(
            claim,
            id=UUID(int=claim.id.int ^ 1),
            account_id=world.other_account_id,
            state=State.PENDING,
            standing=Standing.CONTESTED,
            loa_document_id=None,
            approved_at=None,
            approved_by=None,
            frozen_for=frozenset(),
        )
        await tx.claims.add(rival)

    return change


async def late(world: World, what: str, before: Change, since: Change) -> Reading:
    """Sent after what has happened since it was opened; nothing is done."""
    path, _, _ = await bound(world)
    await changed(world, path, before)
    nora, page = await signed_in(world, Role.OPERATOR), f"{NOC}{path}"
    form = await acting(nora, page, what)
    await changed(world, path, since)
    answer = await nora.send(form, reason="Late.")
    assert answer.status_code == 412
    shown = await nora.read(page)
    assert "Late." not in shown.text
    new: Form = await acting(nora, page, what)
    assert (await nora.send(new, reason="As it is now.")).status_code == 303
    return shown


async def test_a_freeze_is_not_lifted_for_a_holder_that_nobody_saw(world: World) -> None:
    async def frozen(tx: Transaction, claim: Claim) -> None:
        await FROZEN(tx, claim)
        await named("a merger")(tx, claim)

    shown = await late(world, "lift-freeze", frozen, named("another"))
    assert "It was seller, and is another." in shown.text


async def test_no_contest_is_settled_over_a_rival_that_nobody_saw(world: World) -> None:
    await late(world, "settle", has(standing=Standing.CONTESTED), proving(world))


@pytest.mark.parametrize("since", ["a rival", "another holder"])
async def test_no_route_is_announced_on_a_word_against_whom_nobody_saw(
    world: World, since: str
) -> None:
    change = proving(world) if since == "a rival" else named("another")
    path, _, _ = await bound(world)
    await changed(world, path, FROZEN)
    nora, page = await signed_in(world, Role.OPERATOR), f"{NOC}{path}"
    form = await acting(nora, page, "announce")
    await changed(world, path, change)
    assert (await nora.send(form, reason="Late.")).status_code == 412


async def test_nothing_is_approved_beside_a_rival_that_nobody_saw(world: World) -> None:
    await late(world, "approve", revoked, proving(world))


@pytest.mark.parametrize("what", ["settle", "announce"])
async def test_a_rival_that_leaves_and_comes_back_keeps_nobody_from_deciding(
    world: World, what: str
) -> None:
    async def leaving(tx: Transaction, claim: Claim) -> None:
        await prefixes.remove(tx, world.other_account_id, UUID(int=claim.id.int ^ 1))
        await has(standing=Standing.CONTESTED)(tx, claim)

    async def seen(tx: Transaction, claim: Claim) -> None:
        await proving(world)(tx, claim)
        tx.record(UUID(int=claim.id.int ^ 1), "prefix.contested")

    path, _, _ = await bound(world)
    await changed(world, path, FROZEN)
    await changed(world, path, seen)
    nora, page = await signed_in(world, Role.OPERATOR), f"{NOC}{path}"
    form = await acting(nora, page, what)
    await changed(world, path, leaving)
    answer = await nora.send(form, reason="Seen.")
    assert answer.status_code != 412, Reading(answer.text).text


async def test_no_owner_escapes_a_lock_by_announcing_and_withdrawing(world: World) -> None:
    path, _, _ = await bound(world)
    nora, page = await signed_in(world, Role.OPERATOR), f"{NOC}{path}"
    form = await acting(nora, page, "lock")
    await changed(world, path, up)
    assert (await nora.send(form, reason="It hurts others.")).status_code == 303


async def test_nothing_is_approved_of_which_a_check_says_no_since(world: World) -> None:
    await late(world, "approve", revoked, lost_its_token)


async def test_no_approval_is_revoked_of_another_owner(world: World) -> None:
    await late(world, "revoke", has(standing=Standing.OK), moving(world))


@pytest.mark.parametrize("side", ["holder", "claimant"])
async def test_a_number_is_not_decided_by_whom_the_statistics_named_before(
    world: World, engine: AsyncEngine, side: str
) -> None:
    kept = RegistrationSnapshots(engine)

    async def named_by_now(holder: str, serial: str) -> None:
        space = [Allocation(Prefix.parse("47.1.0.0/16"), "ripencc", "allocated", "a")]
        numbers = [AsnRange(3356, 3356, "ripencc", "allocated", holder)]
        now = world.clock.now()
        async with kept.exclusive() as tx:
            await tx.replace(StatisticsFile("ripencc", serial, serial * 64, now, space, numbers))

    await named_by_now("h-2", "1")
    page = await asn_disputed(world, Asn(3356).number)
    nora = await signed_in(world, Role.OPERATOR)
    form = form_for(await nora.read(page), side)
    await named_by_now("h-3", "2")
    answer = await nora.send(form, reason="Late.", confirm=form.typed, early="yes")
    assert answer.status_code == 412
    new = form_for(await nora.read(page), side)
    answer = await nora.send(new, reason="Seen.", confirm=new.typed, early="yes")
    assert answer.status_code == 303
