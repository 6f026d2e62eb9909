from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from byoip.domain.asn import Asn, choose_origin
from byoip.domain.claims.claim import Claim, TooManyClaims
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.letters.loa_document import LoaDocumentNotFound, LoaDocumentUnknown
from byoip.domain.prefix import Prefix, PrefixPolicy
from byoip.ports.clock import Clock
from byoip.ports.tokens import TokenMint
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Store, Transaction


@dataclass(frozen=True, slots=True)
class SubmitPrefix:
    """Claim a prefix. A claim reserves nothing: another account may claim it as well."""

    store: Store
    clock: Clock
    mint: TokenMint
    policy: PrefixPolicy
    origins: frozenset[Asn]
    token_lifetime: timedelta

    async def __call__(
        self,
        account_id: UUID,
        *,
        cidr: str,
        asn: int,
        description: str,
        delegate_loa_creation: bool,
        loa_document_id: UUID | None = None,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> ClaimView:
        """Keep a new claim with its first token.

        Raises:
            InvalidPrefix, PrefixLengthRefused, SpecialPurposePrefix, OperatorInfrastructure,
            InvalidAsn, OriginNotOffered, InvalidText: the request itself.
            LoaDocumentUnknown: the account has no such document.
            TooManyClaims, OverlapsOwnClaim: the account's other claims.
        """
        prefix, origin = Prefix.parse(cidr), Asn(asn)
        self.policy.admit(prefix)
        choose_origin(origin, self.origins)
        now = self.clock.now()
        claim = Claim(
            id=uuid4(),
            account_id=account_id,
            prefix=prefix,
            asn=origin,
            description=CustomerText.parse(description, pointer="/description"),
            delegate_loa_creation=delegate_loa_creation,
            loa_document_id=loa_document_id,
            created_at=now,
            modified_at=now,
        )
        token = OwnershipToken(
            id=uuid4(),
            claim_id=claim.id,
            account_id=account_id,
            prefix=prefix,
            asn=origin,
            method=TokenMethod.ANY,
            value=self.mint.mint(),
            created_at=now,
            expires_at=now + self.token_lifetime,
        )
        view = ClaimView(claim, token, default_binding=None)
        async with self.store.transaction(once, actor=by) as tx:
            held, quota = await tx.claims.lock_account(account_id)
            if held >= quota:
                raise TooManyClaims(quota)
            if loa_document_id:
                await _demand_document(tx, loa_document_id, account_id)
            await tx.claims.add(claim)
            await tx.tokens.add(token)
            after = {"cidr": str(prefix), "asn": origin.number, "state": claim.state.value}
            tx.record(claim.id, "prefix.created", after=after)
            await tx.answered(view)
        return view


async def _demand_document(tx: Transaction, document_id: UUID, account_id: UUID) -> None:
    try:
        await tx.loa_documents.get(document_id, account_id)
    except LoaDocumentNotFound:
        raise LoaDocumentUnknown from None
