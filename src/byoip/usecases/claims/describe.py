from dataclasses import dataclass
from uuid import UUID

from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Store
from byoip.usecases.claims.view import view_of
from byoip.usecases.events import record_changes


@dataclass(frozen=True, slots=True)
class DescribePrefix:
    """Change a prefix's description, the one member that may change."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        *,
        description: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> ClaimView:
        """Write it.

        Raises:
            ClaimNotFound, PreconditionFailed, InvalidText: as their names say.
        """
        text = CustomerText.parse(description, pointer="/description")
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            now = self.clock.now()
            described = claim.describe(text, now)
            await tx.claims.save(described)
            record_changes(tx, claim, described)
            view = await view_of(described, tx)
            await tx.answered(view)
        return view
