"""What operators decide of a prefix: approval on their word, revocation, suspension, contests."""

from datetime import datetime
from uuid import UUID

from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.domain.claims.reservation import OverlapsApproved, SpaceReserved
from byoip.domain.letters.letter import RevokedBecause
from byoip.domain.operator_text import stated_reason
from byoip.domain.watch.validity import proof_end
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Transaction
from byoip.usecases.claims.contests import (
    clear_contests,
    contest_holders,
    lock_with_space,
    rivalled_again,
    unsettled,
)
from byoip.usecases.claims.delegations import ENDED, end
from byoip.usecases.events import record_changes
from byoip.usecases.letters.letters import revoke_all
from byoip.usecases.routes.lifecycle import still_out
from byoip.usecases.watch.disputes import end_disputes
from byoip.usecases.watch.hear_statistics import as_approved


async def approve(
    tx: Transaction, claim_id: UUID, *, reason: str, proof_ends_at: datetime | None = None
) -> ClaimView:
    """Approve on the operator's word instead of checks; never over another account's approval.

    The checks keep their states, and the token stays as it is. It counts as a proof until
    `proof_ends_at`, or without an end. A contest is settled for it: rivals that wait have lost it.

    Raises:
        InvalidText: the reason.
        ProofEndTooSoon: within a week.
        ClaimNotFound: there is no such live claim.
        PrefixSuspended, PrefixOffboarding, IllegalTransition: it cannot be approved as it stands.
        OverlapsApproved, SpaceReserved: another account holds the space, or it is kept for one.
    """
    why = stated_reason(reason)
    claim = await lock_with_space(tx, claim_id)
    approved = claim.approve_by_operator(tx.now, proof_end(proof_ends_at, tx.now))
    for rival in await tx.claims.approved_overlapping(claim.prefix):
        raise OverlapsApproved(rival.prefix, rival.account_id)
    if await tx.reservations.blocks(claim.prefix, claim.account_id):
        raise SpaceReserved(claim.prefix)
    if approved.standing is Standing.CONTESTED:
        approved = approved.change_standing(Transition.SETTLED, tx.now)
    holder = await as_approved(tx, claim, await tx.registrations.overlapping(claim.prefix))
    await tx.claims.save(approved)
    if holder is not None:
        await tx.watches.put_of_approval(claim.id, holder)
    record_changes(tx, claim, approved, reason=why)
    await clear_contests(tx, claim.prefix)
    return await tx.claims.view(claim_id)


async def revoke_approval(tx: Transaction, claim_id: UUID, *, reason: str) -> ClaimView:
    """Take an approval away: ownership must be proven again, and letters end.

    What is bound and announced stays until it is withdrawn. So do delegations while a route is up;
    `EndExpiredDelegations` ends them after it.

    Raises:
        InvalidText: the reason.
        ClaimNotFound: there is no such live claim.
        IllegalTransition: it is not approved.
    """
    why = stated_reason(reason)
    claim = await lock_with_space(tx, claim_id)
    revoked = claim.revoke(tx.now)
    await end_disputes(tx, claim_id)
    # An account lends only what it holds, and the next holder must be able to lend it; but
    # nothing cascades while a route is up.
    if not await still_out(tx, claim_id):
        await end(tx, await tx.delegations.of(claim_id), ENDED)
    if token := await tx.tokens.live(claim_id):
        await tx.tokens.save(token.revoke(tx.now))
    await revoke_all(tx, claim_id, RevokedBecause.OPERATOR, reason=why.value)
    await tx.claims.save(revoked)
    record_changes(tx, claim, revoked, reason=why)
    await clear_contests(tx, claim.prefix)
    return await tx.claims.view(claim_id)


async def change_standing(
    tx: Transaction, claim_id: UUID, *, transition: Transition, reason: str
) -> ClaimView:
    """Suspend a prefix, resume it, or settle its contest. What is bound and announced stays.

    A rival may have come while it was suspended, or be there still: then it is contested, unless
    an operator has settled that. Else it is no one's rival, and their marks go.

    Raises:
        InvalidText: the reason.
        ClaimNotFound: there is no such live claim.
        IllegalTransition: its standing does not allow the transition.
    """
    why = stated_reason(reason)
    claim = await lock_with_space(tx, claim_id)
    moved = claim.change_standing(transition, tx.now)
    if transition is Transition.RESUMED and await rivalled_again(tx, claim):
        moved = moved.contest(tx.now)
        if not claim.approved:  # it may have proven the space while its runs contested no one
            holders = await tx.claims.approved_overlapping(claim.prefix)
            await contest_holders(tx, await unsettled(tx, claim, holders))
    await tx.claims.save(moved)
    record_changes(tx, claim, moved, reason=why)
    if transition is Transition.RESUMED and moved.standing is Standing.OK:
        await clear_contests(tx, claim.prefix)
    return await tx.claims.view(claim_id)
