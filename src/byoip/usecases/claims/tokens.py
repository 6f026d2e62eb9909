"""Ownership tokens: issued one at a time, and revoked."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from byoip.domain.claims.lifecycle import IllegalTransition, Transition
from byoip.domain.claims.ownership_token import (
    ISSUES_PER_HOUR,
    OwnershipToken,
    TokenMethod,
    TooManyTokens,
)
from byoip.domain.claims.publishing import Instruction, instructions
from byoip.domain.watch.validity import may_be_proven_anew
from byoip.store.transaction import Transaction
from byoip.usecases.checks.first_looks.have_looked import have_looked
from byoip.usecases.claims.contests import lock_to_leave, no_rival_any_more
from byoip.usecases.claims.prefixes import Terms
from byoip.usecases.claims.unproven import unproven
from byoip.usecases.events import record_changes, record_token_revoked


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token, everything to paste, and the version of its prefix, which its writes count in."""

    token: OwnershipToken
    instructions: tuple[Instruction, ...]
    version: int


async def issue(
    tx: Transaction, account_id: UUID, claim_id: UUID, *, terms: Terms, method: TokenMethod
) -> IssuedToken:
    """Issue a token for one method. It replaces the one before, and what that one proved.

    Raises:
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        IllegalTransition: the prefix is approved, and a new proof would neither lift a freeze nor
            renew one that ends soon.
        TooManyTokens: more than ten within an hour.
    """
    claim = await lock_to_leave(tx, claim_id, account_id)
    if claim.approved and not may_be_proven_anew(claim, tx.now):
        raise IllegalTransition(claim.state, Transition.ALL_CHECKS_PASSED)
    recently = await tx.tokens.issued_since(claim_id, tx.now - timedelta(hours=1))
    if recently >= ISSUES_PER_HOUR:
        raise TooManyTokens
    if old := await tx.tokens.live(claim_id):
        await tx.tokens.save(old.revoke(tx.now))
        record_token_revoked(tx, old)
    token = OwnershipToken(
        id=uuid4(),
        claim_id=claim.id,
        account_id=claim.account_id,
        prefix=claim.prefix,
        asn=claim.asn,
        method=method,
        value=terms.mint.mint(),
        created_at=tx.now,
        expires_at=tx.now + terms.token_lifetime,
    )
    await tx.tokens.add(token)
    await have_looked(tx, claim, token, terms.registries)
    changed = unproven(claim, tx.now)
    await tx.claims.save(changed)
    tx.record(claim_id, "token.issued", after={"token_id": token.id.hex, "method": method.value})
    record_changes(tx, claim, changed)
    await no_rival_any_more(tx, claim)
    paste = instructions(token, terms.label, terms.registries.get(claim.registry or ""))
    return IssuedToken(token, paste, changed.version)


async def revoke(tx: Transaction, account_id: UUID, claim_id: UUID, token_id: UUID) -> None:
    """End a token, and what it has proven so far; a run that is out with it approves nothing.

    Raises:
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        TokenNotFound: the claim has no such token.
        TokenSpent: it has proven ownership already.
    """
    claim = await lock_to_leave(tx, claim_id, account_id)
    token = await tx.tokens.get(claim_id, token_id)
    await tx.tokens.save(token.revoke(tx.now))
    changed = unproven(claim, tx.now)
    await tx.claims.save(changed)
    record_token_revoked(tx, token)
    record_changes(tx, claim, changed)
    await no_rival_any_more(tx, claim)
