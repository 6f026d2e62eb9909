from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from byoip.domain.claims.delegation import Delegation, may_delegate
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.prefix import Prefix
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.claims.end_delegation import end
from byoip.usecases.claims.end_expired_delegations import EXPIRED, told_apart
from byoip.usecases.events import record_delegation


@dataclass(frozen=True, slots=True)
class DelegateSpace:
    """Let another account use a range of an approved prefix. Its bindings stay with its owner."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        *,
        cidr: str,
        delegated_account_id: UUID,
        expires_at: datetime | None,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> Delegation:
        """Keep a new delegation; whether the other account exists is asked last of all.

        Raises:
            InvalidPrefix, ClaimNotFound, PreconditionFailed, PrefixNotApproved,
            PrefixSuspended, DelegationToOwner, DelegationExpiryRefused, DelegationOutsidePrefix,
            DelegationOverlaps, TooManyDelegations, DelegateNotFound: as their names say.
        """
        wanted = Prefix.parse(cidr)
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            now = self.clock.now()
            delegation = Delegation(
                uuid4(), claim_id, claim.prefix, wanted, delegated_account_id, now, expires_at
            )
            over, existing = told_apart(await tx.delegations.of(claim_id), now)
            may_delegate(delegation, claim, existing)
            # What has expired does not stand in the way until the worker comes by.
            await end(over, EXPIRED, tx)
            await tx.claims.save(claim.written(now))
            await tx.delegations.add(delegation)
            record_delegation(tx, "delegation.created", delegation)
            await tx.answered(delegation)
        return delegation
