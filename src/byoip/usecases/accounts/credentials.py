"""Credentials: operators issue them to customers and to each other, and revoke them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from byoip.domain.accounts.credential import Credential, ExpiryRefused, Scope, fitting_scopes
from byoip.domain.operator_text import stated_name, stated_reason
from byoip.ports.tokens import TokenMint
from byoip.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential and its token, which is shown this once and not kept."""

    credential: Credential
    token: str


async def issue(
    tx: Transaction,
    account_id: UUID | None,
    *,
    mint: TokenMint,
    name: str,
    scopes: frozenset[Scope],
    expires_at: datetime | None,
    reason: str,
    person_id: UUID | None = None,
) -> NewCredential:
    """Issue a token for one account; without an account, an operator's.

    Without scopes the credential gets the usual ones. With a person it is their own.

    Raises:
        InvalidText: the name or the reason is empty, too long, or cannot be shown.
        ScopesRefused: such a credential cannot have one of the scopes.
        ExpiryRefused: it would have expired already.
        AccountNotFound: there is no such account.
    """
    why, now = stated_reason(reason), tx.now
    allowed = fitting_scopes(account_id, scopes)
    if expires_at is not None and expires_at <= now:
        raise ExpiryRefused
    named = stated_name(name).value
    credential = Credential(
        uuid4(), account_id, named, allowed, now, expires_at, person_id=person_id
    )
    # The prefix makes it recognisable when it leaks.
    issued = NewCredential(credential, f"byoip_{mint.mint()}")
    await tx.credentials.add(credential, issued.token)
    tx.record_for_operators("credential.created", why, after=shown(credential))
    return issued


async def revoke(tx: Transaction, credential_id: UUID, *, reason: str) -> Credential:
    """End a credential at once; its row stays.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        CredentialNotFound: there is no such credential, or it was revoked before.
    """
    why = stated_reason(reason)
    revoked = await tx.credentials.revoke(credential_id, tx.now)
    tx.record_for_operators("credential.revoked", why, before=shown(revoked))
    return revoked


def shown(credential: Credential) -> dict[str, object]:
    """A credential as the operators' history has it."""
    return {
        "credential_id": credential.id.hex,
        "account_id": credential.account_id.hex if credential.account_id else None,
        "name": credential.name,
        "scopes": sorted(credential.scopes),
        **({"person_id": credential.person_id.hex} if credential.person_id else {}),
    }
