from dataclasses import dataclass
from uuid import UUID

from byoip.domain.claim import WithdrawFirst
from byoip.domain.lifecycle import Move
from byoip.ports.clock import Clock
from byoip.ports.once import Once
from byoip.ports.store import By, Store
from byoip.usecases.history import changes, end_token_and_run


@dataclass(frozen=True, slots=True)
class RemovePrefix:
    """Give a prefix up. Refused while anything hangs on it; the row stays."""

    store: Store
    clock: Clock

    async def __call__(
        self, account_id: UUID, claim_id: UUID, *, by: By, once: Once | None = None
    ) -> None:
        """Close the claim, revoke its token, end its open run.

        Raises:
            ClaimNotFound: as it says.
            WithdrawFirst: it has bindings.
        """
        async with self.store.transaction(once) as shelf:
            claim = await shelf.claims.lock(claim_id, account_id)
            if await shelf.bindings.of(claim_id):
                raise WithdrawFirst("remove its service bindings first")
            now = self.clock.now()
            closed = claim.close(Move.REMOVED, now)
            await shelf.claims.save(closed)
            await end_token_and_run(shelf, claim, by, now)
            await shelf.events.add(*changes(claim, closed, by, now))
            await shelf.answered(None)
