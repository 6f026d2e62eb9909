"""The operator's side: prefixes of all accounts, and who answers for an address."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Query

from byoip.api.accounts.operator_accounts import AccountFilter, account_filter
from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border import paging
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, event_list_of, list_of
from byoip.api.border.paging import CursorText, PerPage
from byoip.api.border.refusals import QueryParameterInvalid
from byoip.api.checks import validation_schemas as runs
from byoip.api.claims import operator_prefix_schemas as wire
from byoip.api.claims.event_schemas import Event
from byoip.api.claims.history import After
from byoip.api.claims.operator_prefix_schemas import OperatorPrefix
from byoip.api.claims.prefixes import ApprovedFilter, StandingFilter
from byoip.api.path_ids import PathAddress, PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.address import InvalidAddress, parse_address
from byoip.domain.checks.validation_run import ValidationNotFound
from byoip.domain.claims.claim import ClaimNotFound, PrefixOffboarding, PrefixSuspended
from byoip.domain.claims.lifecycle import IllegalTransition, Transition
from byoip.domain.claims.reservation import OverlapsApproved, SpaceReserved
from byoip.domain.prefix import InvalidPrefix, Prefix
from byoip.domain.watch.validity import ProofEndTooSoon
from byoip.store.accounts.operator_views import OperatorClaimFilter
from byoip.store.claims.views import ClaimView
from byoip.usecases.claims import standing as verbs

operator_prefixes = Declarations("operator: prefixes", Audience.OPERATOR)

OverlapFilter: TypeAlias = Annotated[
    str | None, Query(description="Only those that share an address with this prefix.")
]


@operator_prefixes.operation("GET /prefixes", Scope.OPERATOR, answer=list_of(OperatorPrefix))
async def list_all_prefixes(
    caller: OperatorRequest,
    account_id: AccountFilter = None,
    overlapping: OverlapFilter = None,
    approved: ApprovedFilter = None,
    standing: StandingFilter = None,
    per_page: PerPage = None,
    cursor: CursorText = None,
) -> Answer:
    """List prefixes of all accounts, oldest first."""
    wanted = paging.page_request(per_page, cursor)
    which = OperatorClaimFilter(
        account_filter(account_id), _overlapping(overlapping), approved, standing
    )
    found = await caller.backend.operator_reader.claims(
        which, after=wanted.after, limit=wanted.probe
    )
    return await list_answer(paging.paginate(found, wanted, lambda view: view.claim), shown(caller))


@operator_prefixes.operation(
    "GET /prefixes/{prefix_id}",
    Scope.OPERATOR,
    answer=answer_of(OperatorPrefix),
    refuses=(ClaimNotFound,),
)
async def get_any_prefix(caller: OperatorRequest, prefix_id: PathId) -> Answer:
    """Read a prefix of any account."""
    return answer(shown(caller)(await caller.backend.operator_reader.claim(prefix_id)))


@operator_prefixes.operation(
    "GET /prefixes/{prefix_id}/events",
    Scope.OPERATOR,
    answer=event_list_of(Event),
    refuses=(ClaimNotFound,),
)
async def list_any_prefix_events(
    caller: OperatorRequest, prefix_id: PathId, after: After = 0, per_page: PerPage = None
) -> Answer:
    """Read the history of any account's prefix, oldest first, also after it was removed."""
    size = per_page or paging.DEFAULT_PAGE
    owner = await caller.backend.operator_reader.owner(prefix_id)
    reader = caller.backend.reader
    found = await reader.events(owner, prefix_id, after=after, limit=size + 1, whole=True)
    epoch = await reader.epochs.current()
    return await list_answer(paging.paginate_numbered(found, size), Event.showing, epoch=epoch)


@operator_prefixes.operation(
    "GET /prefixes/{prefix_id}/validations",
    Scope.OPERATOR,
    answer=list_of(runs.Validation),
    refuses=(ClaimNotFound,),
)
async def list_any_prefix_validations(
    caller: OperatorRequest, prefix_id: PathId, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the validation runs of any account's prefix, oldest first."""
    wanted = paging.page_request(per_page, cursor)
    owner = await caller.backend.operator_reader.owner(prefix_id)
    found = await caller.backend.reader.runs(
        owner, prefix_id, after=wanted.after, limit=wanted.probe
    )
    return await list_answer(
        paging.paginate(found, wanted, lambda view: view.run), runs.validation_of
    )


@operator_prefixes.operation(
    "GET /prefixes/{prefix_id}/validations/{validation_id}",
    Scope.OPERATOR,
    answer=runs.ValidationAnswer,
    refuses=(ClaimNotFound, ValidationNotFound),
)
async def get_any_prefix_validation(
    caller: OperatorRequest, prefix_id: PathId, validation_id: PathId
) -> Answer:
    """Read one run of any account's prefix, with all evidence."""
    owner = await caller.backend.operator_reader.owner(prefix_id)
    run = await caller.backend.reader.run(owner, prefix_id, validation_id)
    return answer(runs.validation_with_evidence(run))


@operator_prefixes.operation(
    "POST /prefixes/{prefix_id}/approve",
    Scope.OPERATOR,
    answer=answer_of(OperatorPrefix),
    refuses=(
        ClaimNotFound,
        IllegalTransition,
        PrefixSuspended,
        PrefixOffboarding,
        OverlapsApproved,
        SpaceReserved,
        ProofEndTooSoon,
    ),
)
async def approve_prefix(
    caller: OperatorRequest, prefix_id: PathId, body: wire.OperatorApproval
) -> Answer:
    """Approve a prefix on your word instead of checks.

    Never over another approved prefix. What the checks say stays as it was. With an end, its
    customer is reminded 60, 30 and 7 days before; then the prefix is frozen, and no route goes.
    """
    approve = partial(verbs.approve, proof_ends_at=body.proof_ends_at)
    return await _act(caller, approve, prefix_id, body)


@operator_prefixes.operation(
    "POST /prefixes/{prefix_id}/revoke",
    Scope.OPERATOR,
    answer=answer_of(OperatorPrefix),
    refuses=(ClaimNotFound, IllegalTransition),
)
async def revoke_prefix_approval(
    caller: OperatorRequest, prefix_id: PathId, body: Reasoned
) -> Answer:
    """Take an approval away: the prefix is pending again, and ownership must be proven again.

    Bindings and routes stay until they are withdrawn, and delegations as long as routes. Letters
    end: networks that ask their page may drop the route. Suspend the prefix as well if it must not
    be approved again.
    """
    return await _act(caller, verbs.revoke_approval, prefix_id, body)


@operator_prefixes.operation(
    "POST /prefixes/{prefix_id}/suspend",
    Scope.OPERATOR,
    answer=answer_of(OperatorPrefix),
    refuses=(ClaimNotFound, IllegalTransition),
)
async def suspend_prefix(caller: OperatorRequest, prefix_id: PathId, body: Reasoned) -> Answer:
    """Let nothing new happen to a prefix: no approval, no binding, no removal. Routes stay."""
    return await _act(caller, _moving(Transition.SUSPENDED), prefix_id, body)


@operator_prefixes.operation(
    "POST /prefixes/{prefix_id}/resume",
    Scope.OPERATOR,
    answer=answer_of(OperatorPrefix),
    refuses=(ClaimNotFound, IllegalTransition),
)
async def resume_prefix(caller: OperatorRequest, prefix_id: PathId, body: Reasoned) -> Answer:
    """End a suspension."""
    return await _act(caller, _moving(Transition.RESUMED), prefix_id, body)


@operator_prefixes.operation(
    "POST /prefixes/{prefix_id}/settle",
    Scope.OPERATOR,
    answer=answer_of(OperatorPrefix),
    refuses=(ClaimNotFound, IllegalTransition),
)
async def settle_prefix_contest(
    caller: OperatorRequest, prefix_id: PathId, body: Reasoned
) -> Answer:
    """Take the mark of a contest away, after talking. Approvals stay as they are."""
    return await _act(caller, _moving(Transition.SETTLED), prefix_id, body)


@operator_prefixes.operation(
    "GET /addresses/{address}",
    Scope.OPERATOR,
    answer=answer_of(wire.Address),
    refuses=(InvalidAddress,),
)
async def get_address(caller: OperatorRequest, address: PathAddress) -> Answer:
    """Say which prefix, account, service and delegated accounts answer for an address."""
    wanted = parse_address(address)
    return answer(wire.address_of(await caller.backend.operator_reader.address(wanted, caller.now)))


async def _act(
    caller: OperatorRequest,
    act: Callable[..., Awaitable[ClaimView]],
    prefix_id: UUID,
    body: Reasoned,
) -> Answer:
    return await caller.write(lambda tx: act(tx, prefix_id, reason=body.reason), shown(caller))


def _moving(transition: Transition) -> Callable[..., Awaitable[ClaimView]]:
    return partial(verbs.change_standing, transition=transition)


def shown(caller: OperatorRequest) -> Callable[[ClaimView], OperatorPrefix]:
    """How a view of a claim is shown to operators."""
    return partial(wire.operator_prefix_of, advice=caller.backend.advice, now=caller.now)


def _overlapping(text: str | None) -> Prefix | None:
    try:
        return None if text is None else Prefix.parse(text)
    except InvalidPrefix:
        raise QueryParameterInvalid("overlapping", "is not a prefix") from None
