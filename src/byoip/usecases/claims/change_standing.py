from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Store
from byoip.usecases.claims.view import view_of
from byoip.usecases.events import record_changes


@dataclass(frozen=True, slots=True)
class ChangeStanding:
    """Suspend a prefix, resume it, or settle its contest. What is bound stays in any case.

    Attributes:
        move: one of those three.
    """

    store: Store
    clock: Clock
    move: Transition

    async def __call__(
        self, claim_id: UUID, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> ClaimView:
        """Make the move.

        Raises:
            ClaimNotFound, NotInThisState, InvalidText: as they say.
        """
        why = stated_reason(reason)
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id)
            now = self.clock.now()
            moved = claim.stand(self.move, now)
            await tx.claims.save(moved)
            record_changes(tx, claim, moved, reason=why)
            view = await view_of(moved, tx)
            await tx.answered(view)
        return view
