from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

from byoip.domain.checks.registry import Registry
from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.lifecycle import IllegalTransition, Transition
from byoip.domain.claims.ownership_token import (
    ISSUES_PER_HOUR,
    OwnershipToken,
    TokenMethod,
    TooManyTokens,
)
from byoip.domain.claims.publishing import Instruction, instructions
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.ports.tokens import TokenMint
from byoip.store.transaction import Store
from byoip.usecases.events import record_changes, record_token_revoked


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token, everything to paste, and the version of its prefix, which its writes count in."""

    token: OwnershipToken
    instructions: tuple[Instruction, ...]
    version: int


@dataclass(frozen=True, slots=True)
class IssueValidationToken:
    """Issue a token for one method. It replaces the one before, and what that one proved."""

    store: Store
    clock: Clock
    mint: TokenMint
    lifetime: timedelta
    label: str
    registries: Mapping[str, Registry]

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        *,
        method: TokenMethod,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> IssuedToken:
        """Keep a new token.

        Raises:
            ClaimNotFound, PreconditionFailed: as they say.
            IllegalTransition: the prefix is approved: there is nothing left to prove.
            TooManyTokens: more than ten within an hour.
        """
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            if claim.approved:
                raise IllegalTransition(claim.state, Transition.ALL_CHECKS_PASSED)
            now = self.clock.now()
            recently = await tx.tokens.issued_since(claim_id, now - timedelta(hours=1))
            if recently >= ISSUES_PER_HOUR:
                raise TooManyTokens
            if old := await tx.tokens.live(claim_id):
                await tx.tokens.save(old.revoke(now))
                record_token_revoked(tx, old)
            token = self._new(claim, method)
            await tx.tokens.add(token)
            unproven = replace(claim.written(now), ownership=CheckRecord())
            await tx.claims.save(unproven)
            after = {"token_id": token.id.hex, "method": method.value}
            tx.record(claim_id, "token.issued", after=after)
            record_changes(tx, claim, unproven)
            registry = self.registries.get(claim.registry or "")
            paste = instructions(token, self.label, registry)
            result = IssuedToken(token, paste, unproven.version)
            await tx.answered(result)
        return result

    def _new(self, claim: Claim, method: TokenMethod) -> OwnershipToken:
        now = self.clock.now()
        return OwnershipToken(
            id=uuid4(),
            claim_id=claim.id,
            account_id=claim.account_id,
            prefix=claim.prefix,
            asn=claim.asn,
            method=method,
            value=self.mint.mint(),
            created_at=now,
            expires_at=now + self.lifetime,
        )
