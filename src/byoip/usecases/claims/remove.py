from dataclasses import dataclass
from uuid import UUID

from byoip.domain.claims.lifecycle import Transition
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.claims.close import close, close_after_grace, require_nothing_attached


@dataclass(frozen=True, slots=True)
class RemovePrefix:
    """Give a prefix up. Refused while anything hangs on it; the row stays.

    One that is being offboarded and waits for its grace to end need not wait for it.
    """

    store: Store
    clock: Clock

    async def __call__(
        self, account_id: UUID, claim_id: UUID, *, by: Actor, once: IdempotencyKey | None = None
    ) -> None:
        """Close the claim, end BGP prefixes and delegations, revoke token and letters, end its run.

        Raises:
            ClaimNotFound, PreconditionFailed, PrefixSuspended, AdvertiseStateLocked: as they say.
            WithdrawFirst: the Internet may still know one of its routes, or it has bindings.
            GraceNotBegun: it is being offboarded, and not unbound yet.
        """
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            claim.require_not_suspended()  # or it would come back without its suspension
            if claim.offboarding:
                await close_after_grace(tx, claim)
            else:
                await require_nothing_attached(tx, claim)
                await close(tx, claim, Transition.REMOVED)
            await tx.answered(None)
