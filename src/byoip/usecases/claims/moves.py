"""Prefixes move between accounts: offered and accepted, or moved by an operator. No route goes."""

from uuid import UUID, uuid4

from byoip.domain.claims.claim import Claim, OverlapsOwnClaim, TooManyClaims
from byoip.domain.claims.move import (
    IN_VAIN_FOR,
    MOST_IN_VAIN,
    OFFERED_FOR,
    HolderInDoubt,
    Move,
    MoveEnd,
    MoveNotFound,
    TooManyOffers,
    may_move,
)
from byoip.domain.claims.reservation import SpaceReserved
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor, Event
from byoip.domain.operator_text import stated_reason
from byoip.domain.watch.effects import Act, Stage, stops
from byoip.store.claims.moving.moves import MoveRepository
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Transaction
from byoip.usecases.claims.contests import lock_with_space
from byoip.usecases.claims.delegations import ENDED, end
from byoip.usecases.claims.prefixes import Terms
from byoip.usecases.events import record_token_revoked
from byoip.usecases.watch.disputes import require_undisputed


async def offer(tx: Transaction, account_id: UUID, claim_id: UUID, *, to_account_id: UUID) -> Move:
    """Offer an approved prefix to another account, for 14 days; in place of an offer before.

    Raises:
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        PrefixNotApproved, PrefixSuspended, PrefixOffboarding, PrefixFrozen, MoveToOwner,
        HolderInDoubt, PrefixDisputed: it cannot be moved.
        MoveRecipientNotFound: there is no such account.
        TooManyOffers: the other account has taken none of the last ones.
    """
    claim = await tx.lock_claim(claim_id, account_id)
    moves = MoveRepository(tx.session)
    await _may_be_given(tx, claim, to_account_id)
    await moves.require_account(to_account_id)
    if await moves.in_vain(account_id, to_account_id, tx.now - IN_VAIN_FOR) >= MOST_IN_VAIN:
        raise TooManyOffers
    if before := await moves.open_of(claim_id):
        await _end(tx, moves, before, MoveEnd.TAKEN_BACK, account_id)
    move = Move(uuid4(), claim_id, account_id, to_account_id, tx.now, tx.now + OFFERED_FOR)
    await moves.add(move)
    await tx.claims.save(claim.written(tx.now))
    after = {"cidr": str(claim.prefix), "expires_at": move.expires_at.isoformat()}
    _tell(tx, move, "move.offered", account_id, **after)
    return move


async def take_back(tx: Transaction, account_id: UUID, move_id: UUID) -> Move:
    """End an offer: its owner takes it back, or the account that it was made to declines.

    Raises:
        MoveNotFound: the account has no such offer that is open.
        PreconditionFailed: the claim has another version by now.
    """
    moves = MoveRepository(tx.session)
    seen = await moves.get(move_id)
    if account_id not in {seen.from_account_id, seen.to_account_id}:
        raise MoveNotFound
    claim = await tx.claims.lock(seen.claim_id)
    move = await moves.get(move_id, locking=True)
    move.require_open(tx.now)
    tx.precondition.require(claim.version)
    own = account_id == move.from_account_id
    ended = MoveEnd.TAKEN_BACK if own else MoveEnd.DECLINED
    await _end(tx, moves, move, ended, account_id)
    return await moves.get(move_id)


async def accept(tx: Transaction, account_id: UUID, move_id: UUID, *, terms: Terms) -> ClaimView:
    """Take a prefix that was offered to this account, with all that hangs on it.

    Raises:
        MoveNotFound: nobody offers it this account any more.
        PrefixNotApproved, PrefixSuspended, PrefixOffboarding, PrefixFrozen, HolderInDoubt,
        PrefixDisputed: it cannot be moved by now.
        TooManyClaims, OverlapsOwnClaim, SpaceReserved, OriginNotOffered: there is no place for it.
    """
    moves = MoveRepository(tx.session)
    quota = await tx.claims.lock_quota(account_id)
    seen = await moves.get(move_id)
    if account_id != seen.to_account_id:
        raise MoveNotFound
    seen.require_open(tx.now)
    claim = await lock_with_space(tx, seen.claim_id)
    move = await moves.get(move_id, locking=True)
    move.require_open(tx.now)
    await _may_be_given(tx, claim, account_id)
    return await _carry_out(tx, moves, claim, move, quota, terms)


async def move_on_word(
    tx: Transaction, claim_id: UUID, *, to_account_id: UUID, reason: str, terms: Terms
) -> ClaimView:
    """Move a prefix on the operator's word, frozen or not; an open offer of it ends.

    Raises:
        InvalidText: the reason.
        ClaimNotFound: there is no such live claim.
        AccountNotFound: there is no such account.
        PrefixNotApproved, PrefixSuspended, PrefixOffboarding, MoveToOwner, PrefixDisputed: it
            cannot be moved.
        TooManyClaims, OverlapsOwnClaim, SpaceReserved, OriginNotOffered: there is no place for it.
    """
    why = stated_reason(reason)
    moves = MoveRepository(tx.session)
    quota = await tx.claims.lock_quota(to_account_id)
    claim = await lock_with_space(tx, claim_id)
    may_move(claim, to_account_id)
    await require_undisputed(tx, claim.id, Act.LIFT)
    if offered := await moves.open_of(claim_id):
        await _end(tx, moves, offered, MoveEnd.TAKEN_BACK, None)
    until = tx.now + OFFERED_FOR
    move = Move(uuid4(), claim_id, claim.account_id, to_account_id, tx.now, until)
    await moves.add(move)
    return await _carry_out(tx, moves, claim, move, quota, terms, why)


async def _may_be_given(tx: Transaction, claim: Claim, to_account_id: UUID) -> None:
    """What its owner may give: nobody passes on what may be another's by now."""
    may_move(claim, to_account_id)
    await require_undisputed(tx, claim.id, Act.GIVE)
    claim.require_may(Act.GIVE)
    failing = {one.signal for one in (await tx.watches.of(claim.id)).values() if one.failing}
    if stops(Stage.NOTICE, Act.GIVE, failing):
        raise HolderInDoubt


async def _carry_out(
    tx: Transaction,
    moves: MoveRepository,
    claim: Claim,
    move: Move,
    quota: int,
    terms: Terms,
    why: CustomerText | None = None,
) -> ClaimView:
    """The move itself: account, space and claim are locked, in this order."""
    account_id = move.to_account_id
    held, overlaps, reserved = await tx.session.look(
        tx.claims.held(account_id),
        tx.claims.overlapped(account_id, claim.prefix),
        tx.reservations.blocking(claim.prefix, account_id),
    )
    if held >= quota:
        raise TooManyClaims(quota)
    if overlaps:
        raise OverlapsOwnClaim(claim.prefix)
    if reserved:
        raise SpaceReserved(claim.prefix)
    await terms.admit_origin(tx, account_id, claim.asn)
    lent = await tx.delegations.of(claim.id)
    await end(tx, [one for one in lent if one.account_id == account_id], ENDED)
    if token := await tx.tokens.live(claim.id):  # the other account knows it
        await tx.tokens.save(token.revoke(tx.now))
        record_token_revoked(tx, token)
    await moves.end(move, MoveEnd.MOVED, tx.now)
    await moves.carry_out(move, tx.now)
    reason = {} if why is None else {"reason": why.value}
    by = account_id if why is None else None
    _tell(tx, move, "prefix.moved", by, cidr=str(claim.prefix), **reason)
    if claim.delegate_loa_creation:
        await tx.jobs.enqueue_letter(claim.id)
    return await tx.claims.view(claim.id)


async def _end(
    tx: Transaction, moves: MoveRepository, move: Move, ended: MoveEnd, by: UUID | None
) -> None:
    await moves.end(move, ended, tx.now)
    _tell(tx, move, "move.ended", by, ended=ended.value)


def _tell(tx: Transaction, move: Move, kind: str, by: UUID | None, **shown: str) -> None:
    """Into the prefix's history, and into the feeds of both accounts.

    The other one is not told of the credentials and requests of the account that acts; `by` is
    None where the operator does.
    """
    after = {
        "move_id": move.id.hex,
        "from_account_id": move.from_account_id.hex,
        "to_account_id": move.to_account_id.hex,
        **shown,
    }
    for account_id in (move.from_account_id, move.to_account_id):
        actor = Actor(f"account:{by.hex}", "") if by is not None and account_id != by else tx.actor
        tx.events.note_for(account_id, Event(move.claim_id, kind, actor, tx.now, {}, after))
