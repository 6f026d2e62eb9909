from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.delegation import Delegation
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.claims.end_delegation import ENDED, end
from byoip.usecases.jobs.guarded_batch import BATCH_LIMIT, GuardedBatch
from byoip.usecases.routes.lifecycle import still_out

EXPIRED: Final = "delegation.expired"


@dataclass(frozen=True, slots=True)
class EndExpiredDelegations:
    """Record the end of delegations whose time is over; they count for nobody before that.

    And end those of claims whose approval was revoked, once no route of theirs is up any more.
    """

    store: Store
    clock: Clock

    async def __call__(self, *, by: Actor) -> int:
        """Look at claim after claim, each under its lock; how many delegations ended."""
        async with self.store.transaction(actor=by) as tx:
            claims = await tx.delegations.over(self.clock.now(), BATCH_LIMIT)

        async def act(claim_id: UUID) -> int:
            return await self._end(claim_id, by)

        kind = JobKind.END_EXPIRED_DELEGATIONS
        return await GuardedBatch(self.store, self.clock, kind)(claims, act, by=by)

    async def _end(self, claim_id: UUID, by: Actor) -> int:
        async with self.store.transaction(actor=by) as tx:
            await tx.guards.require_running(JobKind.END_EXPIRED_DELEGATIONS)
            try:
                claim = await tx.claims.lock(claim_id)
            except ClaimNotFound:  # removed meanwhile, and its delegations with it
                return 0
            now = self.clock.now()
            over, lasting = told_apart(await tx.delegations.of(claim_id), now)
            await end(over, EXPIRED, tx)
            if claim.approved or await still_out(tx, claim_id):
                return len(over)
            await end(lasting, ENDED, tx)
            return len(over) + len(lasting)


def told_apart(
    found: Sequence[Delegation], now: datetime
) -> tuple[list[Delegation], list[Delegation]]:
    """Those whose time is over, and those that go on."""
    over = [one for one in found if one.expired(now)]
    return over, [one for one in found if not one.expired(now)]
