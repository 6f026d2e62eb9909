from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from byoip.domain.claims.delegation import Delegation, DelegationNotFound
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.transaction import Store, Transaction
from byoip.usecases.events import record_delegation

ENDED: Final = "delegation.ended"


@dataclass(frozen=True, slots=True)
class EndDelegation:
    """Take a delegation back."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        delegation_id: UUID,
        *,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> UUID:
        """End it; the row stays. Gives its id back.

        Raises:
            ClaimNotFound, PreconditionFailed, DelegationNotFound: as their names say.
        """
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            now = self.clock.now()
            found = await tx.delegations.of(claim_id)
            wanted = [one for one in found if one.id == delegation_id and not one.expired(now)]
            if not wanted:
                raise DelegationNotFound
            await tx.claims.save(claim.written(now))
            await end(wanted, ENDED, tx)
            await tx.answered(delegation_id)
        return delegation_id


async def end(delegations: Sequence[Delegation], kind: str, tx: Transaction) -> None:
    """Record the end of a claim's delegations, and why, under the claim's lock."""
    if delegations:
        await tx.delegations.end([one.id for one in delegations], tx.now)
        for one in delegations:
            record_delegation(tx, kind, one)
