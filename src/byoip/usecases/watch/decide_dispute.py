"""A person decides a dispute: the holder keeps the space, or its approval goes and it leaves."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias
from uuid import UUID

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.domain.customer_text import CustomerText
from byoip.domain.operator_text import stated_reason
from byoip.domain.routes.offboarding import NothingToOffboard
from byoip.domain.watch.dispute import Dispute, DisputeEnd, Side, decided_by
from byoip.store.transaction import Transaction
from byoip.store.watch.disputes import DisputeRepository
from byoip.usecases.claims.contests import lock_with_space
from byoip.usecases.claims.standing import revoke_approval
from byoip.usecases.events import record_changes
from byoip.usecases.routes.offboarding import offboard
from byoip.usecases.watch.disputes import Ended, tell_ended
from byoip.usecases.watch.lift import lift_on_word

Judge: TypeAlias = Callable[[tuple[object, ...]], None]


def seen_as_it_is(_: tuple[object, ...]) -> None:
    """Of a program, which decides by what is so now."""


async def decide_dispute(
    tx: Transaction,
    dispute_id: UUID,
    *,
    for_: Side,
    reason: str,
    early: bool = False,
    judge: Judge = seen_as_it_is,
) -> Dispute:
    """Decide for one of its parties.

    For the holder: its freezes are lifted, and what is there now counts as right, once no other
    dispute about it is open; it stays contested by who proved the space before its holder changed.
    For the claimant: the holder's approval is revoked and it is sent on its way out, which workers
    carry out past the breaker; the claimant asks for validation then. `judge` is told what it is
    decided by, under its locks, and raises where somebody has seen something else.

    Raises:
        InvalidText: the reason.
        PreconditionFailed: by `judge`.
        DisputeNotFound, DisputeEnded: it is not open; a party may have gone meanwhile.
        DisputeTooYoung: for the claimant within 14 days, and not `early`.
        PrefixSuspended, LockedByOperator: the holder's way out is barred; open it first.
    """
    why = stated_reason(reason)
    disputes = DisputeRepository(tx.session)
    before = await disputes.get(dispute_id)  # its parties never change
    before.require_open()
    holder = await lock_with_space(tx, before.holder_id)
    dispute = await disputes.get(dispute_id, locking=True)
    dispute.require_open()
    claimant, watches = await tx.claims.get(dispute.claimant_id), await tx.watches.of(holder.id)
    judge(decided_by(dispute, holder, list(watches.values()), claimant))
    if for_ is Side.CLAIMANT:
        dispute.require_answered(tx.now, early=early)
    ended = Ended(dispute, DisputeEnd(for_.value))
    await disputes.end(dispute, ended.how, tx.now)
    await tell_ended(tx, ended, reason=why.value)
    parties = {"holder_id": dispute.holder_id.hex, "claimant_id": dispute.claimant_id.hex}
    after = {"dispute_id": dispute.id.hex, "for": for_.value, **parties}
    tx.record_for_operators("dispute.decided", why, after=after)
    if for_ is Side.CLAIMANT:
        await revoke_approval(tx, holder.id, reason=reason)
        with suppress(NothingToOffboard):
            await offboard(tx, holder.account_id, holder.id)
    elif not await disputes.open_of(holder.id):
        await _keep(tx, holder, why, contested=await disputes.unheard_rival(holder.id))
    return await disputes.get(dispute_id)


async def _keep(tx: Transaction, holder: Claim, why: CustomerText, *, contested: bool) -> None:
    lifted = await lift_on_word(tx, holder, why)
    if lifted.standing is Standing.CONTESTED and not contested:
        settled = lifted.change_standing(Transition.SETTLED, tx.now)
        await tx.claims.save(settled)
        record_changes(tx, lifted, settled, reason=why)
