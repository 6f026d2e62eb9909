from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.credential import Credential
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.operator_text import stated_reason
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.accounts.create_credential import shown


@dataclass(frozen=True, slots=True)
class RevokeCredential:
    """End a credential at once."""

    store: Store
    clock: Clock

    async def __call__(
        self, credential_id: UUID, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> Credential:
        """End it; the row stays.

        Raises:
            CredentialNotFound, InvalidText: as they say.
        """
        why, now = stated_reason(reason), self.clock.now()
        async with self.store.transaction(once, actor=by) as tx:
            ended = await tx.operating.credentials.revoke(credential_id, now)
            before = shown(ended)
            tx.record_for_operators("credential.revoked", why, before=before)
            await tx.answered(ended)
        return ended
