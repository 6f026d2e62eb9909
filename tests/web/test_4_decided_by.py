"""Page, 4: an operator acts by what decides it: no write of a customer's keeps them from it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest

from byoip.domain.accounts.people import Role
from byoip.domain.claims.check_waiver import Waivable
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.history import Actor
from byoip.domain.watch.levels import Signal
from byoip.store.transaction import Transaction
from byoip.usecases.checks import waivers
from byoip.usecases.claims import standing
from byoip.usecases.routes import bgp_prefixes
from byoip.usecases.routes.offboarding import offboard
from byoip.usecases.watch import lift
from tests.api.bound import bound
from tests.api.operators import WHY
from tests.api.world import World
from tests.web.browser import Reading, signed_in
from tests.web.test_4_noc import NOC, acting

BY = Actor("worker", "test")
Change = Callable[[Transaction, Claim], Awaitable[object]]


def has(**members: object) -> Change:
    """Make a prefix so."""

    async def change(tx: Transaction, claim: Claim) -> None:
        await tx.claims.save(replace(claim, **members))  # type: ignore[arg-type]

    return change


async def as_it_is(_: Transaction, __: Claim) -> None:
    """Leave it."""


async def leaving(tx: Transaction, claim: Claim) -> None:
    await offboard(tx, claim.account_id, claim.id)


async def revoked(tx: Transaction, claim: Claim) -> None:
    await standing.revoke_approval(tx, claim.id, reason=WHY)


async def approved(tx: Transaction, claim: Claim) -> None:
    await standing.approve(tx, claim.id, reason=WHY)


async def revoked_and_approved(tx: Transaction, claim: Claim) -> None:
    await revoked(tx, claim)
    await approved(tx, claim)


async def approved_and_revoked(tx: Transaction, claim: Claim) -> None:
    await approved(tx, claim)
    await revoked(tx, claim)


def locking(*, locked: bool) -> Change:
    async def change(tx: Transaction, claim: Claim) -> None:
        (route,) = await tx.bgp_prefixes.of(claim.id)
        await bgp_prefixes.lock(tx, claim.id, route.id, locked=locked, reason=WHY)

    return change


async def ending(tx: Transaction, claim: Claim) -> None:
    await lift.end_proof(tx, claim.id, ends_at=tx.now + timedelta(days=50), reason=WHY)


def waiving(check: Waivable) -> Change:
    async def change(tx: Transaction, claim: Claim) -> None:
        until = tx.now + timedelta(days=9)
        await waivers.grant(tx, claim.id, check=check, expires_at=until, reason=WHY)

    return change


FROZEN: Final = frozenset({Signal.HOLDER})
MORE: Final = has(frozen_for=frozenset({Signal.HOLDER, Signal.ROUTE_OBJECT}))
# How the page showed it, and what decides that came since.
ACTS: Final[dict[str, tuple[Change, Change]]] = {
    "approve": (revoked, approved_and_revoked),
    "revoke": (as_it_is, revoked_and_approved),
    "suspend": (as_it_is, has(standing=Standing.CONTESTED)),
    "resume": (has(standing=Standing.SUSPENDED), MORE),
    "settle": (has(standing=Standing.CONTESTED), MORE),
    "lift-freeze": (has(frozen_for=FROZEN), MORE),
    "restore": (leaving, revoked),
    "end-grace": (leaving, revoked),
    "move": (as_it_is, MORE),
    "lock": (as_it_is, locking(locked=True)),
    "unlock": (locking(locked=True), locking(locked=False)),
    "announce": (has(frozen_for=FROZEN), MORE),
    "end-proof": (revoked_and_approved, ending),
    "waive": (as_it_is, waiving(Waivable.IRR)),
    "end-waiver": (waiving(Waivable.IRR), waiving(Waivable.IRR)),
}
FILLED: Final = {"days": "30", "reason": "Late."}


async def changed(world: World, path: str, change: Change) -> None:
    world.clock.advance(timedelta(minutes=1))
    async with world.store.transaction(actor=BY) as tx:
        await change(tx, await tx.lock_claim(UUID(path[-32:])))


@pytest.mark.parametrize("what", ACTS)
async def test_an_act_is_not_done_once_what_decides_it_is_another(world: World, what: str) -> None:
    path, _, _ = await bound(world)
    before, since = ACTS[what]
    await changed(world, path, before)
    nora, page = await signed_in(world, Role.OPERATOR), f"{NOC}{path}"
    form = await acting(nora, page, what)
    await changed(world, path, since)
    answer = await nora.send(form, account=world.other_account_id.hex, **FILLED)
    assert answer.status_code == 412
    assert "Nothing was done." in Reading(answer.text).text
    assert "Late." not in (await nora.read(page)).text


@pytest.mark.parametrize("what", [one for one in ACTS if one not in {"announce", "end-grace"}])
async def test_no_write_of_its_owner_keeps_an_operator_from_an_act(world: World, what: str) -> None:
    path, _, _ = await bound(world)
    await changed(world, path, ACTS[what][0])
    nora = await signed_in(world, Role.OPERATOR)
    form = await acting(nora, f"{NOC}{path}", what)
    await changed(world, path, has(version=7, modified_at=world.clock.now()))
    answer = await nora.send(form, account=world.other_account_id.hex, **FILLED)
    assert answer.status_code == 303, Reading(answer.text).text
