"""What customers and operators do with customers' own AS numbers, but for proving them."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from byoip.domain.asn import Asn
from byoip.domain.asns.own_asn import (
    OWN_ASNS_PER_ACCOUNT,
    OwnAsn,
    OwnAsnInUse,
    OwnAsnRules,
    TooManyOwnAsns,
)
from byoip.domain.operator_text import stated_reason
from byoip.ports.tokens import TokenMint
from byoip.store.transaction import Transaction
from byoip.usecases.asns.disputes import end_dispute


@dataclass(frozen=True, slots=True)
class AsnTerms:
    """Which numbers the operator takes, and how they are proven.

    Attributes:
        label: stands before the token in the aut-num object.
    """

    rules: OwnAsnRules
    mint: TokenMint
    token_lifetime: timedelta
    label: str


async def add(tx: Transaction, account_id: UUID, *, terms: AsnTerms, asn: int) -> OwnAsn:
    """Take a number in, with its token. That reserves nothing: the first to prove it has it.

    Raises:
        InvalidAsn, OwnAsnsNotOffered, OwnAsnRefused: it cannot be a customer's origin here.
        TooManyOwnAsns, OwnAsnExists: the account's others stand in the way.
    """
    number = Asn(asn)
    terms.rules.admit(number)
    await tx.claims.lock_quota(account_id)
    (held,) = await tx.session.look(tx.own_asns.held(account_id))
    if held >= OWN_ASNS_PER_ACCOUNT:
        raise TooManyOwnAsns
    own = OwnAsn(
        id=uuid4(),
        account_id=account_id,
        asn=number,
        token=terms.mint.mint(),
        token_expires_at=tx.now + terms.token_lifetime,
        created_at=tx.now,
        modified_at=tx.now,
    )
    await tx.own_asns.add(own)
    return own


async def reissue(
    tx: Transaction, account_id: UUID, own_asn_id: UUID, *, terms: AsnTerms
) -> OwnAsn:
    """Another token; the one before proves nothing any more.

    Raises:
        OwnAsnNotFound: the account has no such number.
        OwnAsnTokenSpent: it is proven.
    """
    own = await tx.own_asns.lock(account_id, own_asn_id)
    changed = own.reissue(terms.mint.mint(), tx.now + terms.token_lifetime, tx.now)
    await tx.own_asns.save(changed)
    return changed


async def remove(tx: Transaction, account_id: UUID, own_asn_id: UUID) -> None:
    """Give a number up that no prefix of the account has as its origin. Its row stays.

    A dispute about it ends with it.

    Raises:
        OwnAsnNotFound: the account has no such number.
        OwnAsnInUse: a prefix has it.
    """
    await tx.claims.lock_quota(account_id)  # no claim of it comes meanwhile
    own = await tx.own_asns.lock_with_others(account_id, own_asn_id)
    if cidr := await tx.own_asns.in_use(own):
        raise OwnAsnInUse(cidr)
    await end_dispute(tx, own)
    await tx.own_asns.save(own.end(tx.now))


async def approve(tx: Transaction, own_asn_id: UUID, *, terms: AsnTerms, reason: str) -> OwnAsn:
    """Take a number as proven on the operator's word.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        OwnAsnNotFound: there is no such number.
        OwnAsnsNotOffered, OwnAsnRefused: it cannot be a customer's origin here.
        AsnProvenByAnother: another account has proven it: take that back first.
    """
    why = stated_reason(reason)
    own = await tx.own_asns.lock(None, own_asn_id)
    terms.rules.admit(own.asn)
    approved = own.approve(why, tx.now)
    await tx.own_asns.save(approved)
    tx.record_for_operators("own_asn.approved", why, before=_shown(own), after=_shown(approved))
    return approved


async def revoke(tx: Transaction, own_asn_id: UUID, *, terms: AsnTerms, reason: str) -> OwnAsn:
    """Take the proof of a number back: nothing new is announced from it, and routes stay.

    A dispute about it ends with it.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        OwnAsnNotFound: there is no such number.
        OwnAsnNotProven: there is no proof.
    """
    why = stated_reason(reason)
    own = await tx.own_asns.lock_with_others(None, own_asn_id)
    own.require_proven()
    own = await end_dispute(tx, own)
    revoked = own.without_proof(terms.mint.mint(), tx.now + terms.token_lifetime, tx.now)
    await tx.own_asns.save(revoked)
    tx.record_for_operators("own_asn.revoked", why, before=_shown(own), after=_shown(revoked))
    return revoked


def _shown(own: OwnAsn) -> dict[str, object]:
    return {
        "own_asn_id": own.id.hex,
        "asn": own.asn.number,
        "account_id": own.account_id.hex,
        "state": own.state.value,
        "proven_by": own.proven_by.value if own.proven_by else None,
    }
