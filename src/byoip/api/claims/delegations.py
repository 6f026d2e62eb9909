"""What owners let other accounts use."""

from uuid import UUID

from byoip.api.border import paging
from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import CustomerRequest
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import answer_of, counted_list_of
from byoip.api.border.paging import CursorText, PerPage
from byoip.api.claims import delegation_schemas as wire
from byoip.api.claims.delegation_schemas import EndedDelegation, delegation_of
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.bindings.service_binding import PrefixNotApproved
from byoip.domain.claims import delegation
from byoip.domain.claims.claim import ClaimNotFound, PrefixOffboarding, PrefixSuspended
from byoip.domain.claims.delegation import DELEGATIONS_PER_PREFIX
from byoip.domain.prefix import InvalidPrefix
from byoip.domain.watch.freezing import PrefixFrozen
from byoip.usecases.claims import delegations as verbs

delegations = Declarations("delegations")


@delegations.operation(
    "POST /prefixes/{prefix_id}/delegations",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.Delegation),
    status=201,
    refuses=(
        ClaimNotFound,
        InvalidPrefix,
        PrefixNotApproved,
        PrefixSuspended,
        PrefixOffboarding,
        PrefixFrozen,
        delegation.DelegateNotFound,
        delegation.DelegationToOwner,
        delegation.DelegationOutsidePrefix,
        delegation.DelegationExpiryRefused,
        delegation.DelegationOverlaps,
        delegation.TooManyDelegations,
    ),
)
async def create_delegation(
    caller: CustomerRequest, prefix_id: PathId, body: wire.NewDelegation
) -> Answer:
    """Delegate part or all of an approved prefix to another account.

    Delegations never overlap. Bindings stay with the prefix's owner.
    """
    return await caller.write(
        lambda tx: verbs.delegate(
            tx,
            caller.account_id,
            prefix_id,
            cidr=body.cidr,
            delegated_account_id=body.delegated_account_id,
            expires_at=body.expires_at,
        ),
        delegation_of,
    )


@delegations.operation(
    "GET /prefixes/{prefix_id}/delegations",
    Scope.PREFIXES_READ,
    answer=counted_list_of(wire.Delegation),
    refuses=(ClaimNotFound,),
)
async def list_delegations(
    caller: CustomerRequest, prefix_id: PathId, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List what is delegated of a prefix.

    All of it, oldest first, unless `per_page` is given.
    """
    wanted = paging.page_request(per_page, cursor, default=paging.LONGEST_PAGE)
    whole = await caller.backend.reader.delegations(
        caller.account_id, prefix_id, now=caller.now, after=None, limit=DELEGATIONS_PER_PREFIX
    )
    return await list_answer(paging.paginate_list(whole, wanted), delegation_of, total=len(whole))


@delegations.operation(
    "DELETE /prefixes/{prefix_id}/delegations/{delegation_id}",
    Scope.PREFIXES_WRITE,
    answer=answer_of(EndedDelegation),
    refuses=(ClaimNotFound, delegation.DelegationNotFound),
)
async def delete_delegation(
    caller: CustomerRequest, prefix_id: PathId, delegation_id: PathId
) -> Answer:
    """End a delegation, at once."""
    return await caller.write(
        lambda tx: verbs.take_back(tx, caller.account_id, prefix_id, delegation_id), _ended
    )


@delegations.operation(
    "GET /delegations", Scope.PREFIXES_READ, answer=wire.ReceivedDelegationListAnswer
)
async def list_received_delegations(
    caller: CustomerRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List what other accounts have delegated to this one, oldest first."""
    wanted = paging.page_request(per_page, cursor)
    found = await caller.backend.reader.received_delegations(
        caller.account_id, now=caller.now, after=wanted.after, limit=wanted.probe
    )
    return await list_answer(paging.paginate(found, wanted), delegation_of)


def _ended(delegation_id: UUID) -> EndedDelegation:
    return EndedDelegation(id=delegation_id.hex)
