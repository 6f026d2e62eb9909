"""What customers do with a prefix: bring it, describe it, give it up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from byoip.domain.asn import Asn, choose_origin
from byoip.domain.asns.aspa import NO_STANDING, OriginStanding
from byoip.domain.asns.disputed import AsnDisputed
from byoip.domain.checks.registry import Basis, Registry, Responsible
from byoip.domain.claims.claim import Claim, OverlapsOwnClaim, TooManyClaims
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.customer_text import CustomerText
from byoip.domain.letters.loa_document import LoaDocumentNotFound, LoaDocumentUnknown
from byoip.domain.prefix import Prefix, PrefixPolicy
from byoip.ports.tokens import TokenMint
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Transaction
from byoip.usecases.checks.first_looks.have_looked import have_looked
from byoip.usecases.checks.responsible import Registries, Responsibility
from byoip.usecases.claims.close import close, close_after_grace, require_nothing_attached
from byoip.usecases.claims.contests import lock_to_leave
from byoip.usecases.events import record_changes


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator admits, and how ownership is proven.

    Attributes:
        origins: ASNs that a prefix may be announced from.
        grace: how long a prefix can be restored after its customer has removed it.
        token_lifetime: how long an ownership token may be used.
        label: the name below a reverse zone at which the token is looked for.
        registries: by their keys in the statistics.
        overrides, countries: see `Registries`.
        behind: the ASN of the operator that stands before a customer's own; None: none does.
        without_aspa: whether a customer's own is announced where it has no ASPA.
        upstreams: whom the operator's own ASPA should list.
    """

    policy: PrefixPolicy
    origins: frozenset[Asn]
    token_lifetime: timedelta
    label: str
    registries: Mapping[str, Registry]
    mint: TokenMint
    overrides: Sequence[tuple[Prefix, str]] = ()
    countries: Mapping[str, str] = field(default_factory=dict)
    behind: Asn | None = None
    without_aspa: bool = True
    upstreams: Sequence[Asn] = ()
    grace: timedelta = timedelta(days=7)

    async def admit(
        self, tx: Transaction, account_id: UUID, cidr: str, asn: int
    ) -> tuple[Prefix, Asn, OriginStanding | None]:
        """Parse what a customer wants to bring; of an origin of its own, how it stands to that.

        Raises:
            InvalidPrefix, PrefixLengthRefused, SpecialPurposePrefix, OperatorInfrastructure: the
                prefix cannot be brought.
            InvalidAsn, OriginNotOffered: the operator does not announce from this ASN, and the
                account has not proven it.
            AsnDisputed: it has, and so has another account.
        """
        prefix, origin = Prefix.parse(cidr), Asn(asn)
        self.policy.admit(prefix)
        return prefix, origin, await self.admit_origin(tx, account_id, origin)

    async def admit_origin(
        self, tx: Transaction, account_id: UUID, origin: Asn
    ) -> OriginStanding | None:
        """How the account stands to an origin of its own; None: it is the operator's.

        Raises:
            OriginNotOffered: it is neither.
            AsnDisputed: another account has proven it, too.
        """
        if origin in self.origins:
            return None
        (own,) = await tx.session.look(tx.own_asns.standing(account_id, origin))
        choose_origin(origin, self.origins, proven=own.proven and self.behind is not None)
        standing: OriginStanding = own
        if standing.disputed:
            raise AsnDisputed(origin, pointer="/asn")
        return standing

    @property
    def known(self) -> Registries:
        """The registries, with the operator's word on ranges."""
        return Registries(self.registries, self.overrides, self.countries)


async def submit(
    tx: Transaction,
    account_id: UUID,
    *,
    terms: Terms,
    cidr: str,
    asn: int,
    description: str,
    delegate_loa_creation: bool,
    loa_document_id: UUID | None = None,
) -> ClaimView:
    """Claim a prefix, with its first token. A claim reserves nothing: others may claim it too.

    Raises:
        InvalidPrefix, PrefixLengthRefused, SpecialPurposePrefix, OperatorInfrastructure,
        InvalidAsn, OriginNotOffered, AsnDisputed, InvalidText: the request itself is refused.
        LoaDocumentUnknown: the account has uploaded no such document.
        TooManyClaims, OverlapsOwnClaim: the account's other claims stand in the way.
        SpaceReserved: the operator keeps the space for another account.
    """
    prefix, origin, own = await terms.admit(tx, account_id, cidr, asn)
    text = CustomerText.parse(description, pointer="/description")
    quota = await tx.claims.lock_quota(account_id)
    if own is not None:  # it is not given up while the account is locked
        await terms.admit_origin(tx, account_id, origin)
    held, overlaps, registered, added = await tx.session.look(
        tx.claims.held(account_id),
        tx.claims.overlapped(account_id, prefix),
        *terms.known.about(tx, prefix),
    )
    if held >= quota:
        raise TooManyClaims(quota)
    if loa_document_id:
        await _require_document(tx, loa_document_id, account_id)
    if overlaps:
        raise OverlapsOwnClaim(prefix)
    claim = Claim(
        id=uuid4(),
        account_id=account_id,
        prefix=prefix,
        asn=origin,
        description=text,
        delegate_loa_creation=delegate_loa_creation,
        loa_document_id=loa_document_id,
        created_at=tx.now,
        modified_at=tx.now,
        registry=_named(terms.known.judge(prefix, registered, added)),
    )
    token = first_token(tx, claim, terms)
    await tx.claims.add(claim)
    await tx.tokens.add(token)
    await have_looked(tx, claim, token, terms.registries)
    after = {"cidr": str(prefix), "asn": origin.number, "state": claim.state.value}
    tx.record(claim.id, "prefix.created", after=after)
    return ClaimView(claim, token, default_binding=None, own=own or NO_STANDING)


def first_token(tx: Transaction, claim: Claim, terms: Terms) -> OwnershipToken:
    """The token that comes with a claim, for either method."""
    return OwnershipToken(
        id=uuid4(),
        claim_id=claim.id,
        account_id=claim.account_id,
        prefix=claim.prefix,
        asn=claim.asn,
        method=TokenMethod.ANY,
        value=terms.mint.mint(),
        created_at=tx.now,
        expires_at=tx.now + terms.token_lifetime,
    )


async def describe(
    tx: Transaction,
    account_id: UUID,
    claim_id: UUID,
    *,
    description: str | None = None,
    loa_document_id: UUID | None = None,
) -> ClaimView:
    """Change a prefix's description, or its letter of agency; None: it stays as it is.

    Raises:
        InvalidText: the description is too long, or has control characters.
        LoaDocumentUnknown: the account has uploaded no such document.
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
    """
    changed: dict[str, Any] = {}
    if description is not None:
        changed["description"] = CustomerText.parse(description, pointer="/description")
    claim = await tx.lock_claim(claim_id, account_id)
    if loa_document_id is not None:
        await _require_document(tx, loa_document_id, account_id)
        changed["loa_document_id"] = loa_document_id
    described = replace(claim.written(tx.now), **changed)
    await tx.claims.save(described)
    record_changes(tx, claim, described)
    return await tx.claims.view(claim_id)


async def remove(
    tx: Transaction, account_id: UUID, claim_id: UUID, *, grace: timedelta = timedelta(0)
) -> None:
    """Give a prefix up: end its BGP prefixes, delegations, token, letters and run. Its rows stay.

    One that is being offboarded and waits for its grace to end need not wait for it. Until the
    grace has ended its customer can bring it back, see `reopen`.

    Raises:
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        PrefixSuspended: the operator has suspended it.
        WithdrawFirst: the Internet may still know one of its routes, or it has bindings.
        LockedByOperator: the operator has locked a route of it.
        GraceNotBegun: it is being offboarded, and not unbound yet.
    """
    claim = await lock_to_leave(tx, claim_id, account_id)
    claim.require_not_suspended()  # or it would come back without its suspension
    claim = replace(claim, restorable_until=tx.now + grace)
    if claim.offboarding:
        await close_after_grace(tx, claim)
    else:
        await require_nothing_attached(tx, claim)
        await close(tx, claim, Transition.REMOVED)


def _named(found: Responsibility) -> str | None:
    """Key of the registry responsible, where statistics or the operator name it."""
    registry = found.registry
    if isinstance(registry, Responsible) and registry.basis is not Basis.HINT:
        return registry.registry.key
    return None


async def _require_document(tx: Transaction, document_id: UUID, account_id: UUID) -> None:
    try:
        document = await tx.loa_documents.get(document_id, account_id)
    except LoaDocumentNotFound:
        raise LoaDocumentUnknown from None
    if document.auto_generated:  # the operator wrote it, of another prefix
        raise LoaDocumentUnknown
