from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.letters.letter import RevokedBecause
from byoip.ports.claims.reader import ClaimView
from byoip.ports.clock import Clock
from byoip.ports.once import Once
from byoip.ports.store import By, Store
from byoip.usecases.claims.end_delegation import ENDED, end
from byoip.usecases.claims.view import view_of
from byoip.usecases.letters.revoke_letters import revoke_letters
from byoip.usecases.operator_events import explained
from byoip.usecases.routes.lifecycle import still_out


@dataclass(frozen=True, slots=True)
class RevokeApproval:
    """Take an approval away. What is bound and announced stays until it is withdrawn.

    So do delegations while a route is up; `EndExpiredDelegations` ends them after it.
    """

    store: Store
    clock: Clock

    async def __call__(
        self, claim_id: UUID, *, reason: str, by: By, once: Once | None = None
    ) -> ClaimView:
        """Make it pending, with ownership to be proven anew; letters end.

        Raises:
            ClaimNotFound, NotInThisState, InvalidText: as they say.
        """
        why = stated_reason(reason)
        async with self.store.transaction(once) as shelf:
            claim = await shelf.claims.lock(claim_id)
            now = self.clock.now()
            revoked = claim.revoke(now)
            # Nobody lends what is not theirs, and the next holder must be able to; but nothing
            # cascades while a route is up.
            if not await still_out(shelf, claim_id):
                await end(await shelf.delegations.of(claim_id), ENDED, shelf, by, now)
            if token := await shelf.tokens.live(claim_id):
                await shelf.tokens.save(token.revoke(now))
            await revoke_letters(
                shelf, claim_id, RevokedBecause.OPERATOR, by=by, now=now, reason=why.value
            )
            await shelf.claims.save(revoked)
            await shelf.events.add(*explained(claim, revoked, by, why, now))
            view = await view_of(revoked, shelf)
            await shelf.answered(view)
        return view
