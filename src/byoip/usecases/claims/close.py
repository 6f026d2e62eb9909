"""How a claim ends: with all that hangs on it, in one transaction, and never under a route."""

from datetime import datetime

from byoip.domain.claims.claim import Claim, WithdrawFirst
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.letters.letter import RevokedBecause
from byoip.domain.routes.offboarding import ROA_LAST, End, GraceNotBegun, Step
from byoip.ports.store import By, Event, Shelf
from byoip.usecases.claims.end_delegation import end
from byoip.usecases.events import changes, end_token_and_run
from byoip.usecases.letters.revoke_letters import revoke_letters
from byoip.usecases.routes.lifecycle import demand_withdrawn, end_routes


async def close_after_grace(shelf: Shelf, claim: Claim, by: By, now: datetime) -> Claim:
    """End a claim that has come to its grace, whether that is over or not. It is locked.

    Raises:
        GraceNotBegun: it is not there yet.
        WithdrawFirst: a speaker may hold a route of it again, or somebody sees one.
        AdvertiseStateLocked: the operator has locked a route of it meanwhile.
    """
    offboarding = await shelf.offboardings.live(claim.id)
    if offboarding is None or offboarding.step is not Step.GRACE:
        raise GraceNotBegun(Step.WITHDRAW if offboarding is None else offboarding.step)
    await demand_nothing_hangs_on(shelf, claim)
    closed = await close(shelf, claim, Transition.OFFBOARDED, by, now)
    await shelf.offboardings.save(offboarding.ended(End.CLOSED, now))
    after = {"request_id": offboarding.request_id, "next": ROA_LAST}
    await shelf.events.add(Event(claim.id, "offboarding.finished", by, now, after=after))
    return closed


async def close(shelf: Shelf, claim: Claim, move: Transition, by: By, now: datetime) -> Claim:
    """End it, its routes and delegations, its token, its open run and its letters."""
    await end(await shelf.delegations.of(claim.id), "delegation.ended", shelf, by, now)
    await end_routes(shelf, await shelf.bgp_prefixes.of(claim.id), by, now)
    closed = claim.close(move, now)
    await shelf.claims.save(closed)
    await end_token_and_run(shelf, claim, by, now)
    because = RevokedBecause.OFFBOARDED if claim.offboarding else RevokedBecause.REMOVED
    await revoke_letters(shelf, claim.id, because, by=by, now=now)
    await shelf.events.add(*changes(claim, closed, by, now))
    return closed


async def demand_nothing_hangs_on(shelf: Shelf, claim: Claim) -> None:
    """Refuse to close a claim from under its routes and bindings.

    Raises:
        WithdrawFirst: the Internet may still know one of its routes, or it has bindings.
        AdvertiseStateLocked: the operator has locked a route of it.
    """
    await demand_withdrawn(shelf, claim.id)
    for one in await shelf.bgp_prefixes.of(claim.id):
        one.demand_unlocked()
    if await shelf.bindings.of(claim.id):
        raise WithdrawFirst("remove its service bindings first")
