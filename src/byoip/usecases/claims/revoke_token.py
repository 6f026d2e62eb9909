from dataclasses import dataclass, replace
from uuid import UUID

from byoip.domain.claims.claim import CheckRecord
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.events import record_changes, record_token_revoked


@dataclass(frozen=True, slots=True)
class RevokeValidationToken:
    """End a token, and what it has proven so far."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        token_id: UUID,
        *,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> None:
        """Revoke it; a run that is out with it will approve nothing.

        Raises:
            ClaimNotFound, PreconditionFailed, TokenNotFound, TokenSpent: as their names say.
        """
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            token = await tx.tokens.get(claim_id, token_id)
            now = self.clock.now()
            await tx.tokens.save(token.revoke(now))
            unproven = replace(claim.written(now), ownership=CheckRecord())
            await tx.claims.save(unproven)
            record_token_revoked(tx, token)
            record_changes(tx, claim, unproven)
            await tx.answered(None)
