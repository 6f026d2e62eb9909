"""Tokens that people make for themselves: they may do what role and token both allow."""

from datetime import datetime
from uuid import UUID

from byoip.domain.accounts.credential import (
    TOKENS_PER_PERSON,
    Credential,
    Scope,
    ScopesRefused,
    TooManyTokens,
)
from byoip.domain.accounts.people import Person, RoleMissing
from byoip.ports.tokens import TokenMint
from byoip.store.transaction import Transaction
from byoip.usecases.accounts import credentials
from byoip.usecases.accounts.credentials import NewCredential


async def issue(
    tx: Transaction,
    person: Person,
    *,
    mint: TokenMint,
    name: str,
    scopes: frozenset[Scope],
    expires_at: datetime | None,
    reason: str,
) -> NewCredential:
    """Make a token of a person's own, shown this once; it falls with them.

    Without scopes it gets all that the role allows.

    Raises:
        InvalidText: the name or the reason is empty, too long, or cannot be shown.
        ScopesRefused: the person's role does not allow one of the scopes.
        ExpiryRefused: it would have expired already.
        TooManyTokens: the person has as many as one may have.
        PersonNotFound: they were removed meanwhile.
    """
    await tx.let_in.change(person.account_id)
    known = await tx.people.lock(person.id, person.account_id)
    if not scopes <= known.role.scopes:
        raise ScopesRefused(known.role.scopes)
    if await tx.credentials.held(person.id, tx.now) >= TOKENS_PER_PERSON:
        raise TooManyTokens
    return await credentials.issue(
        tx,
        person.account_id,
        mint=mint,
        name=name,
        scopes=scopes or known.role.scopes,
        expires_at=expires_at,
        reason=reason,
        person_id=person.id,
    )


async def revoke(
    tx: Transaction, person: Person, credential_id: UUID, *, reason: str
) -> Credential:
    """End a token: one's own, or, for those who let people in, any of the account.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        CredentialNotFound: there is no such token here, or it was revoked before.
        RoleMissing: it is another's.
    """
    await tx.let_in.change(person.account_id)
    token = await tx.credentials.lock_token(person.account_id, credential_id)
    if token.person_id != person.id and not person.role.manages:
        raise RoleMissing
    return await credentials.revoke(tx, credential_id, reason=reason)
