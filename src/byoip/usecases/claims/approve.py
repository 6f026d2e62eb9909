from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.operating import OverlapsApproved, SpaceReserved, stated_reason
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Store
from byoip.usecases.claims.view import view_of
from byoip.usecases.events import record_changes


@dataclass(frozen=True, slots=True)
class ApprovePrefix:
    """Approve on the operator's word instead of checks; never over somebody else's approval."""

    store: Store
    clock: Clock

    async def __call__(
        self, claim_id: UUID, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> ClaimView:
        """Approve it; the checks keep their states, and the token stays as it is.

        Raises:
            ClaimNotFound, InvalidText: as they say.
            PrefixSuspended, NotInThisState: it cannot be approved as it stands.
            OverlapsApproved, SpaceReserved: the space is somebody else's.
        """
        why = stated_reason(reason)
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id)
            now = self.clock.now()
            approved = claim.approve_by_operator(now)
            await tx.claims.lock_space(claim.prefix)
            for rival in await tx.claims.approved_overlapping(claim.prefix):
                raise OverlapsApproved(rival.prefix, rival.account_id)
            if await tx.operating.reservations.blocks(claim.prefix, claim.account_id):
                raise SpaceReserved(claim.prefix)
            await tx.claims.save(approved)
            record_changes(tx, claim, approved, reason=why)
            view = await view_of(approved, tx)
            await tx.answered(view)
        return view
