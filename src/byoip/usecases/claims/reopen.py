"""A customer brings back what it has removed: pending, with its history, and nothing proven."""

from dataclasses import dataclass
from uuid import UUID

from byoip.domain.claims.claim import OverlapsOwnClaim, TooManyClaims
from byoip.domain.claims.reservation import SpaceReserved
from byoip.domain.claims.restorable import SpaceHeld, reopened
from byoip.store.bindings.bindings import EndedBinding
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Transaction
from byoip.usecases.checks.first_looks.have_looked import have_looked
from byoip.usecases.claims.prefixes import Terms, first_token


@dataclass(frozen=True, slots=True)
class Reopened:
    """A prefix that is back, and what was bound in its last days, to bind again once approved."""

    view: ClaimView
    plan: tuple[EndedBinding, ...]


async def reopen(tx: Transaction, account_id: UUID, claim_id: UUID, *, terms: Terms) -> Reopened:
    """Bring a removed prefix back, if nothing stands in its way that would in the way of a new one.

    Raises:
        ClaimNotFound: the account never had it, or has it still.
        PreconditionFailed: it had another version when it was removed.
        NotRestorable: it was not removed by its customer, or too long ago.
        PrefixLengthRefused, OperatorInfrastructure, OriginNotOffered: it could not be brought now.
        TooManyClaims, OverlapsOwnClaim, SpaceReserved, SpaceHeld: its place is taken.
    """
    quota = await tx.claims.lock_quota(account_id)
    claim = await tx.claims.lock_closed(claim_id, account_id)
    tx.precondition.require(claim.version)
    back = reopened(claim, tx.now)
    await terms.admit(tx, account_id, str(claim.prefix), claim.asn.number)
    held, overlaps, reserved, taken, plan = await tx.session.look(
        tx.claims.held(account_id),
        tx.claims.overlapped(account_id, claim.prefix),
        tx.reservations.blocking(claim.prefix, account_id),
        tx.claims.held_by_others(claim.prefix),
        tx.bindings.ended_since(claim_id, tx.now - 2 * terms.grace),
    )
    if held >= quota:
        raise TooManyClaims(quota)
    if overlaps:
        raise OverlapsOwnClaim(claim.prefix)
    if reserved:
        raise SpaceReserved(claim.prefix)
    if taken:
        raise SpaceHeld(claim.prefix)
    await tx.claims.save(back)
    token = first_token(tx, back, terms)
    await tx.tokens.add(token)
    await have_looked(tx, back, token, terms.registries)
    planned = [{"cidr": one.cidr, "service_id": one.service_id.hex} for one in plan]
    was, now = {"state": claim.state.value}, {"state": back.state.value, "bindings": planned}
    tx.record(claim_id, "prefix.reopened", before=was, after=now)
    return Reopened(await tx.claims.view(claim_id), plan)
