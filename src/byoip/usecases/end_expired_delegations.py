from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from byoip.domain.claim import ClaimNotFound
from byoip.domain.delegation import Delegation
from byoip.ports.clock import Clock
from byoip.ports.store import By, Store
from byoip.usecases.end_delegation import end

EXPIRED: Final = "delegation.expired"
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class EndExpiredDelegations:
    """Record the end of delegations whose time is over; they count for nobody before that."""

    store: Store
    clock: Clock

    async def __call__(self, *, by: By) -> int:
        """Look at claim after claim, each under its lock; how many delegations ended."""
        async with self.store.transaction() as shelf:
            claims = await shelf.delegations.expired(self.clock.now(), _AT_ONCE)
        return sum([await self._end(claim_id, by) for claim_id in claims])

    async def _end(self, claim_id: UUID, by: By) -> int:
        async with self.store.transaction() as shelf:
            try:
                await shelf.claims.lock(claim_id)
            except ClaimNotFound:  # removed meanwhile, and its delegations with it
                return 0
            now = self.clock.now()
            over, _ = told_apart(await shelf.delegations.of(claim_id), now)
            await end(over, EXPIRED, shelf, by, now)
            return len(over)


def told_apart(
    found: Sequence[Delegation], now: datetime
) -> tuple[list[Delegation], list[Delegation]]:
    """Those whose time is over, and those that go on."""
    over = [one for one in found if one.expired(now)]
    return over, [one for one in found if not one.expired(now)]
