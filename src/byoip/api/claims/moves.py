"""Moving prefixes between accounts: an owner offers, another account accepts; operators move."""

from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import CustomerRequest, OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import everything
from byoip.api.claims import move_schemas as wire
from byoip.api.claims.operator_prefix_schemas import OperatorPrefix
from byoip.api.claims.operator_prefixes import shown as shown_to_operators
from byoip.api.claims.prefix_schemas import Prefix
from byoip.api.claims.prefixes import shown
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import AccountNotFound, Scope
from byoip.domain.asn import OriginNotOffered
from byoip.domain.asns.disputed import AsnDisputed
from byoip.domain.bindings.service_binding import PrefixNotApproved
from byoip.domain.claims.claim import (
    ClaimNotFound,
    OverlapsOwnClaim,
    PrefixOffboarding,
    PrefixSuspended,
    TooManyClaims,
)
from byoip.domain.claims.move import (
    HolderInDoubt,
    MoveNotFound,
    MoveRecipientNotFound,
    MoveToOwner,
    TooManyOffers,
)
from byoip.domain.claims.reservation import SpaceReserved
from byoip.domain.watch.dispute import PrefixDisputed
from byoip.domain.watch.freezing import PrefixFrozen
from byoip.usecases.claims import moves as verbs

moves = Declarations("prefixes")
operator_moves = Declarations("operator: prefixes", Audience.OPERATOR)

_BARRED = (PrefixNotApproved, PrefixSuspended, PrefixOffboarding, PrefixDisputed)
_NOT_GIVEN = (PrefixFrozen, HolderInDoubt)
_NO_PLACE = (TooManyClaims, OverlapsOwnClaim, SpaceReserved, OriginNotOffered, AsnDisputed)


@moves.operation(
    "POST /prefixes/{prefix_id}/moves",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.PrefixMove),
    status=201,
    refuses=(
        ClaimNotFound,
        *_BARRED,
        *_NOT_GIVEN,
        MoveToOwner,
        MoveRecipientNotFound,
        TooManyOffers,
    ),
)
async def create_prefix_move(
    caller: CustomerRequest, prefix_id: PathId, body: wire.NewMove
) -> Answer:
    """Offer an approved prefix to another account, for 14 days, in place of an offer before.

    Once it accepts, the prefix is that account's, with approval, bindings, routes, delegations and
    history; nothing is withdrawn. A live ownership token ends, and a letter of agency is written
    anew. A frozen prefix is moved by the operator alone.
    """
    return await caller.write(
        lambda tx: verbs.offer(tx, caller.account_id, prefix_id, to_account_id=body.to_account_id),
        wire.move_of,
    )


@moves.operation("GET /moves", Scope.PREFIXES_READ, answer=list_of(wire.OfferedPrefix))
async def list_moves(caller: CustomerRequest) -> Answer:
    """List open offers of prefixes that this account has made or got, the oldest first; 500."""
    found = await caller.backend.reader.moves.listed(caller.account_id, caller.now)
    return await list_answer(everything(found), wire.offered_of)


@moves.operation(
    "POST /moves/{move_id}/accept",
    Scope.PREFIXES_WRITE,
    answer=answer_of(Prefix),
    refuses=(MoveNotFound, ClaimNotFound, *_BARRED, *_NOT_GIVEN, MoveToOwner, *_NO_PLACE),
)
async def accept_move(caller: CustomerRequest, move_id: PathId) -> Answer:
    """Take a prefix that another account offers to this one, with all that hangs on it."""
    return await caller.write(
        lambda tx: verbs.accept(tx, caller.account_id, move_id, terms=caller.backend.terms),
        shown(caller),
    )


@moves.operation(
    "DELETE /moves/{move_id}",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.PrefixMove),
    refuses=(MoveNotFound, ClaimNotFound),
)
async def delete_move(caller: CustomerRequest, move_id: PathId) -> Answer:
    """Take your offer back, or decline one that was made to this account."""
    return await caller.write(
        lambda tx: verbs.take_back(tx, caller.account_id, move_id), wire.move_of
    )


@operator_moves.operation(
    "POST /prefixes/{prefix_id}/move",
    Scope.OPERATOR,
    answer=answer_of(OperatorPrefix),
    refuses=(ClaimNotFound, AccountNotFound, *_BARRED, MoveToOwner, *_NO_PLACE),
)
async def move_prefix(
    caller: OperatorRequest, prefix_id: PathId, body: wire.OperatorMove
) -> Answer:
    """Move an approved prefix to another account; a frozen one stays frozen there.

    Approval, bindings, routes, delegations and history go along, and nothing is withdrawn. Both
    accounts read the reason.
    """
    return await caller.write(
        lambda tx: verbs.move_on_word(
            tx,
            prefix_id,
            to_account_id=body.to_account_id,
            reason=body.reason,
            terms=caller.backend.terms,
        ),
        shown_to_operators(caller),
    )
