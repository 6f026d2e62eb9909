"""How a claim ends: with all that hangs on it, in one transaction, and never under a route."""

from byoip.domain.claims.claim import Claim, WithdrawFirst
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.letters.letter import RevokedBecause
from byoip.domain.routes.offboarding import ROA_LAST, End, GraceNotBegun, Step
from byoip.store.transaction import Transaction
from byoip.usecases.claims.contests import no_rival_any_more
from byoip.usecases.claims.delegations import ENDED, end
from byoip.usecases.events import end_token_and_run, record_changes
from byoip.usecases.letters.letters import revoke_all
from byoip.usecases.routes.lifecycle import end_routes, require_withdrawn
from byoip.usecases.watch.disputes import end_disputes


async def close_after_grace(tx: Transaction, claim: Claim) -> Claim:
    """End a claim that has come to its grace, over or not. It is locked with its space.

    Raises:
        GraceNotBegun: it is not there yet.
        WithdrawFirst: a speaker may hold a route of it again, or a listener sees one.
        LockedByOperator: the operator has locked a route of it since.
    """
    offboarding = await tx.offboardings.live(claim.id)
    if offboarding is None or offboarding.step is not Step.GRACE:
        raise GraceNotBegun(Step.WITHDRAW if offboarding is None else offboarding.step)
    await require_nothing_attached(tx, claim)
    closed = await close(tx, claim, Transition.OFFBOARDED)
    await tx.offboardings.save(offboarding.ended(End.CLOSED, tx.now))
    after = {"request_id": offboarding.request_id, "next": ROA_LAST}
    tx.record(claim.id, "offboarding.finished", after=after)
    return closed


async def close(tx: Transaction, claim: Claim, transition: Transition) -> Claim:
    """End it, its routes and delegations, its token, its open run and its letters.

    Unless it is outside of contests it was locked with its space: it may have been another's last
    rival.
    """
    await end(tx, await tx.delegations.of(claim.id), ENDED)
    await end_routes(tx, await tx.bgp_prefixes.of(claim.id))
    await end_disputes(tx, claim.id)
    closed = claim.close(transition, tx.now)
    await tx.claims.save(closed)
    await end_token_and_run(tx, claim)
    because = RevokedBecause.OFFBOARDED if claim.offboarding else RevokedBecause.REMOVED
    await revoke_all(tx, claim.id, because)
    record_changes(tx, claim, closed)
    await no_rival_any_more(tx, claim)
    return closed


async def require_nothing_attached(tx: Transaction, claim: Claim) -> None:
    """Refuse to close a claim from under its routes and bindings.

    Raises:
        WithdrawFirst: the Internet may still know one of its routes, or it has bindings.
        LockedByOperator: the operator has locked a route of it.
    """
    await require_withdrawn(tx, claim.id)
    for one in await tx.bgp_prefixes.of(claim.id):
        one.require_unlocked()
    if await tx.bindings.of(claim.id):
        raise WithdrawFirst("remove its service bindings first")
