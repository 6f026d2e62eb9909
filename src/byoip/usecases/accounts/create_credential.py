from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from byoip.domain.accounts.credential import Credential, ExpiryRefused, Scope, fitting_scopes
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.operator_text import stated_name, stated_reason
from byoip.ports.clock import Clock
from byoip.ports.tokens import TokenMint
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential, and its token: to be shown this once, and kept nowhere."""

    credential: Credential
    token: str


@dataclass(frozen=True, slots=True)
class CreateCredential:
    """Give somebody a token: a customer for one account, or an operator."""

    store: Store
    clock: Clock
    mint: TokenMint

    async def __call__(
        self,
        account_id: UUID | None,
        *,
        name: str,
        scopes: frozenset[Scope],
        expires_at: datetime | None,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> NewCredential:
        """Keep a new credential; without scopes it gets the usual ones.

        Raises:
            AccountNotFound, ScopesRefused, ExpiryRefused, InvalidText: as they say.
        """
        why, now = stated_reason(reason), self.clock.now()
        allowed = fitting_scopes(account_id, scopes)
        if expires_at is not None and expires_at <= now:
            raise ExpiryRefused
        credential = Credential(
            uuid4(), account_id, stated_name(name).value, allowed, now, expires_at
        )
        # The prefix makes it recognisable when it leaks.
        made = NewCredential(credential, f"byoip_{self.mint.mint()}")
        async with self.store.transaction(once, actor=by) as tx:
            await tx.operating.credentials.add(credential, made.token)
            after = shown(credential)
            tx.record_for_operators("credential.created", why, after=after)
            await tx.answered(made)
        return made


def shown(credential: Credential) -> dict[str, object]:
    """What the history says of a credential."""
    return {
        "credential_id": credential.id.hex,
        "account_id": credential.account_id.hex if credential.account_id else None,
        "name": credential.name,
        "scopes": sorted(credential.scopes),
    }
