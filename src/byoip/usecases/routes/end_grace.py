from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.claims.close import close_after_grace


@dataclass(frozen=True, slots=True)
class EndGrace:
    """An operator closes a prefix whose grace has begun, before it has ended."""

    store: Store
    clock: Clock

    async def __call__(
        self, claim_id: UUID, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> None:
        """Close it now.

        Raises:
            ClaimNotFound, InvalidText: as they say.
            GraceNotBegun: it is not being offboarded, or not unbound yet.
            WithdrawFirst: the Internet may know one of its routes again.
            AdvertiseStateLocked: a route of it is locked: unlock it first.
        """
        why = stated_reason(reason)
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id)
            after = {"reason": why.value}
            tx.record(claim_id, "offboarding.cut_short", after=after)
            await close_after_grace(tx, claim)
            await tx.answered(None)
