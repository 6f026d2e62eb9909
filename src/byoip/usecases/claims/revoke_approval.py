from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.letters.letter import RevokedBecause
from byoip.ports.clock import Clock
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Store
from byoip.usecases.claims.end_delegation import ENDED, end
from byoip.usecases.claims.view import view_of
from byoip.usecases.events import record_changes
from byoip.usecases.letters.revoke_letters import revoke_letters
from byoip.usecases.routes.lifecycle import still_out


@dataclass(frozen=True, slots=True)
class RevokeApproval:
    """Take an approval away. What is bound and announced stays until it is withdrawn.

    So do delegations while a route is up; `EndExpiredDelegations` ends them after it.
    """

    store: Store
    clock: Clock

    async def __call__(
        self, claim_id: UUID, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> ClaimView:
        """Make it pending, with ownership to be proven anew; letters end.

        Raises:
            ClaimNotFound, NotInThisState, InvalidText: as they say.
        """
        why = stated_reason(reason)
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id)
            now = self.clock.now()
            revoked = claim.revoke(now)
            # Nobody lends what is not theirs, and the next holder must be able to; but nothing
            # cascades while a route is up.
            if not await still_out(tx, claim_id):
                await end(await tx.delegations.of(claim_id), ENDED, tx)
            if token := await tx.tokens.live(claim_id):
                await tx.tokens.save(token.revoke(now))
            await revoke_letters(tx, claim_id, RevokedBecause.OPERATOR, reason=why.value)
            await tx.claims.save(revoked)
            record_changes(tx, claim, revoked, reason=why)
            view = await view_of(revoked, tx)
            await tx.answered(view)
        return view
