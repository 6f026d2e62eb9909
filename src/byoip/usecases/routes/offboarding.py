"""A prefix's way out, as people decide it: begin it, end its grace early, bring the prefix back.

Workers take the steps in between: see `continue_offboardings` and `announce_owed`.
"""

from dataclasses import dataclass
from uuid import UUID, uuid4

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.domain.claims.restorable import SpaceHeld
from byoip.domain.operator_text import stated_reason
from byoip.domain.routes.offboarding import End, NothingToOffboard, Offboarding
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Transaction
from byoip.store.watch.disputes import DisputeRepository
from byoip.usecases.claims.close import close_after_grace
from byoip.usecases.claims.contests import lock_with_space
from byoip.usecases.claims.restore import Withheld, announce_again, restore_standing
from byoip.usecases.events import record_changes
from byoip.usecases.routes.announce_owed import OWED_FOR, record_restored


@dataclass(frozen=True, slots=True)
class Restored:
    """A prefix that is back.

    Attributes:
        withheld: routes that are not, each with the reason; those that are owed are tried again.
        changed: False where it was not being offboarded.
    """

    view: ClaimView
    withheld: tuple[Withheld, ...] = ()
    changed: bool = True


async def offboard(tx: Transaction, account_id: UUID, claim_id: UUID) -> ClaimView:
    """Send a prefix on its way out, and wake a worker, which acts in the name of this request.

    A prefix that is on its way out already stays as it is.

    Raises:
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        PrefixSuspended: it would come back without its suspension.
        NothingToOffboard: it is not approved, and nothing is bound or announced.
        LockedByOperator: the operator has locked a route, advertised or not.
    """
    claim = await tx.lock_claim(claim_id, account_id)
    if not claim.offboarding:
        claim.require_not_suspended()
        await _require_way_out(tx, claim_id, approved=claim.approved)
        await _begin(tx, claim)
        left = claim.written(tx.now).change_standing(Transition.OFFBOARDING, tx.now)
        await tx.claims.save(left)
        record_changes(tx, claim, left)
        await tx.jobs.enqueue_offboarding()
    return await tx.claims.view(claim_id)


async def end_grace(tx: Transaction, claim_id: UUID, *, reason: str) -> None:
    """Close a prefix whose grace has begun, before it has ended.

    Raises:
        InvalidText: the reason.
        ClaimNotFound: there is no such live claim.
        GraceNotBegun: it is not being offboarded, or not unbound yet.
        WithdrawFirst: the Internet may know one of its routes again.
        LockedByOperator: the operator has locked a route of it.
    """
    why = stated_reason(reason)
    claim = await lock_with_space(tx, claim_id)
    tx.record(claim_id, "offboarding.cut_short", after={"reason": why.value})
    await close_after_grace(tx, claim)


async def restore(
    tx: Transaction, account_id: UUID | None, claim_id: UUID, *, reason: str | None = None
) -> Restored:
    """Bring a prefix back from its way out, as it was; one that is not on it stays as it is.

    Standing and bindings come back together or not at all; without bindings where the approval was
    revoked meanwhile. Each route is announced by the rules of any other announcement; a route that
    cannot be stays withdrawn, and holds up no other.

    Args:
        tx: the transaction.
        account_id: the owner's; None: an operator restores it, for a reason.
        claim_id: the prefix.
        reason: the operator's, for the history.

    Raises:
        InvalidText: the reason.
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        ServiceRetired, DefaultOnlyService, Contested: a binding cannot come back.
        SpaceHeld: it leaves as a dispute was decided for another account; only an operator may.
    """
    why = {} if reason is None else {"reason": stated_reason(reason).value}
    claim = await tx.lock_claim(claim_id, account_id)
    offboarding = await tx.offboardings.live(claim_id)
    if not claim.offboarding or offboarding is None:
        return Restored(await tx.claims.view(claim_id), changed=False)
    if account_id is not None and await DisputeRepository(tx.session).lost(claim):
        raise SpaceHeld(claim.prefix)
    # A customer's write gives the claim a new version; an operator's does not.
    written = claim if account_id is None else claim.written(tx.now)
    back = await restore_standing(tx, written, offboarding)
    withheld = await announce_again(tx, back, offboarding.routes)
    owed = tuple(one.route for one in withheld if one.owed)
    if owed:
        await tx.offboardings.save(offboarding.owing(owed, tx.now + OWED_FOR))
    else:
        await tx.offboardings.save(offboarding.ended(End.RESTORED, tx.now))
    record_restored(tx, claim_id, withheld, why)
    return Restored(await tx.claims.view(claim_id), withheld)


async def _begin(tx: Transaction, claim: Claim) -> None:
    """Note the offboarding. It takes over the routes that an earlier, restored one still owes."""
    owing = await tx.offboardings.live(claim.id)
    if owing:
        await tx.offboardings.save(owing.ended(End.RESTORED, tx.now))
    began = Offboarding(
        id=uuid4(),
        claim_id=claim.id,
        account_id=claim.account_id,
        actor=tx.actor.name,
        request_id=tx.actor.request_id,
        began_at=tx.now,
        contested=claim.standing is Standing.CONTESTED,
        routes=owing.routes if owing else (),
    )
    await tx.offboardings.add(began)


async def _require_way_out(tx: Transaction, claim_id: UUID, *, approved: bool) -> None:
    routes = await tx.bgp_prefixes.of(claim_id)
    if not approved and not routes and not await tx.bindings.of(claim_id):
        raise NothingToOffboard
    for one in routes:
        one.require_unlocked()  # it could never be withdrawn, or would come back without its lock
