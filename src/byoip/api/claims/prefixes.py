"""Prefixes as their owners bring, read, change and give them up."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeAlias

from fastapi import Query

from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import Authenticated, CustomerRequest, nothing
from byoip.api.border.declarations import ROOT, Declarations
from byoip.api.border.envelope import Done, Shown, answer_of, counted_list_of
from byoip.api.border.messages import TOKEN_REISSUED
from byoip.api.border.paging import LONGEST_PAGE, CursorText, PerPage, page_request, paginate
from byoip.api.border.refusals import FieldMissing, QueryParameterInvalid, RateLimited
from byoip.api.claims.prefix_schemas import NewPrefix, Prefix, PrefixChange, prefix_of
from byoip.api.path_ids import PathId
from byoip.domain import prefix as network
from byoip.domain.accounts.credential import Scope
from byoip.domain.asn import InvalidAsn, OriginNotOffered
from byoip.domain.asns.disputed import AsnDisputed
from byoip.domain.claims import claim
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.lifecycle import IllegalTransition, Standing
from byoip.domain.claims.reservation import SpaceReserved
from byoip.domain.customer_text import InvalidText
from byoip.domain.letters.loa_document import LoaDocumentUnknown
from byoip.domain.prefix import InvalidPrefix
from byoip.domain.routes.bgp_prefix import LockedByOperator
from byoip.domain.routes.offboarding import GraceNotBegun
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.claims.views import ClaimFilter, ClaimView
from byoip.usecases.checks.request_validation import (
    NewTokens,
    Requested,
    request_validation,
)
from byoip.usecases.claims import prefixes as verbs

prefixes = Declarations("prefixes")

CidrFilter: TypeAlias = Annotated[str | None, Query(description="Only exactly this prefix.")]
ApprovedFilter: TypeAlias = Annotated[
    bool | None, Query(description="true: only approved ones. false: only pending ones.")
]
StandingFilter: TypeAlias = Annotated[Standing | None, Query(description="Only of this standing.")]

PREFIX_REFUSALS = (
    InvalidPrefix,
    network.PrefixLengthRefused,
    network.SpecialPurposePrefix,
    network.OperatorInfrastructure,
    InvalidAsn,
    OriginNotOffered,
    AsnDisputed,
)


@prefixes.operation(
    "POST /prefixes",
    Scope.PREFIXES_WRITE,
    answer=answer_of(Prefix),
    status=201,
    tagged=True,
    refuses=(
        *PREFIX_REFUSALS,
        InvalidText,
        LoaDocumentUnknown,
        claim.OverlapsOwnClaim,
        claim.TooManyClaims,
        SpaceReserved,
    ),
)
async def create_prefix(caller: CustomerRequest, body: NewPrefix) -> Answer:
    """Bring a prefix.

    The answer carries the first ownership token, and `blockers` says what to publish where.
    A pending prefix reserves nothing: the first account to prove ownership is approved.
    """
    return await caller.write(
        lambda tx: verbs.submit(
            tx,
            caller.account_id,
            terms=caller.backend.terms,
            cidr=body.cidr,
            asn=body.asn,
            description=body.description or "",
            delegate_loa_creation=bool(body.delegate_loa_creation),
            loa_document_id=body.loa_document_id,
        ),
        shown(caller),
        version=version,
    )


@prefixes.operation("GET /prefixes", Scope.PREFIXES_READ, answer=counted_list_of(Prefix))
async def list_prefixes(
    caller: CustomerRequest,
    *,
    cidr: CidrFilter = None,
    approved: ApprovedFilter = None,
    standing: StandingFilter = None,
    per_page: PerPage = None,
    cursor: CursorText = None,
) -> Answer:
    """List the account's prefixes.

    All of them, oldest first, unless `per_page` is given. Filters hold together.
    """
    wanted = page_request(per_page, cursor, default=LONGEST_PAGE)
    which = ClaimFilter(
        None if cidr is None else _exactly(cidr), approved=approved, standing=standing
    )
    reader, account_id = caller.backend.reader, caller.account_id
    found = await reader.claims(account_id, after=wanted.after, limit=wanted.probe, wanted=which)
    part = paginate(found, wanted, lambda view: view.claim)
    whole = wanted.after is None and part.next is None
    total = len(found) if whole else await reader.count_claims(account_id, which)
    return await list_answer(part, shown(caller), total=total)


@prefixes.operation(
    "GET /prefixes/{prefix_id}",
    Scope.PREFIXES_READ,
    answer=answer_of(Prefix),
    tagged=True,
    refuses=(ClaimNotFound,),
)
async def get_prefix(caller: CustomerRequest, prefix_id: PathId) -> Answer:
    """Read one prefix, with its checks and what it still lacks."""
    if caller.beside is None:  # it had no permit left, and has one again
        view = await caller.backend.reader.claim(caller.account_id, prefix_id)
    else:
        view = caller.backend.reader.claim_beside(caller.beside)
    return answer(shown(caller)(view), version=version(view))


@prefixes.operation(
    "PATCH /prefixes/{prefix_id}",
    Scope.PREFIXES_WRITE,
    answer=answer_of(Prefix),
    tagged=True,
    refuses=(ClaimNotFound, InvalidText, LoaDocumentUnknown, FieldMissing),
)
async def update_prefix(caller: CustomerRequest, prefix_id: PathId, body: PrefixChange) -> Answer:
    """Change a prefix's description, or its letter of agency.

    cidr and asn are fixed: remove the prefix and bring the other one.
    """
    if body.description is None and body.loa_document_id is None:
        raise FieldMissing("/description")
    return await caller.write(
        lambda tx: verbs.describe(
            tx,
            caller.account_id,
            prefix_id,
            description=body.description,
            loa_document_id=body.loa_document_id,
        ),
        shown(caller),
        version=version,
    )


@prefixes.operation(
    "DELETE /prefixes/{prefix_id}",
    Scope.PREFIXES_WRITE,
    answer=Done,
    refuses=(
        ClaimNotFound,
        claim.WithdrawFirst,
        LockedByOperator,
        IllegalTransition,
        claim.PrefixSuspended,
        GraceNotBegun,
    ),
)
async def delete_prefix(caller: CustomerRequest, prefix_id: PathId) -> Answer:
    """Give a prefix up.

    Refused while it is announced or bound; for one that is being offboarded, until its grace has
    begun, which this then ends. Its history stays readable under `events`, and `restore` brings it
    back within the grace (a week, unless the operator sets another time), pending.
    """
    grace = caller.backend.terms.grace
    return await caller.write(
        lambda tx: verbs.remove(tx, caller.account_id, prefix_id, grace=grace), nothing
    )


@prefixes.operation(
    "POST /prefixes/{prefix_id}/validate",
    Scope.PREFIXES_WRITE,
    answer=answer_of(Prefix),
    status=202,
    tagged=True,
    refuses=(ClaimNotFound, RateLimited),
)
async def validate_prefix(caller: CustomerRequest, prefix_id: PathId) -> Answer:
    """Have the checks run.

    They run asynchronously: `validation` is the run, and `Location` where to read it; with `wait`
    that answers as soon as the run has ended. A call while a run is out joins it; while the next
    attempt waits, it starts now. On an approved prefix irr and rpki are asked again, and nothing is
    taken back. Where the ownership token has expired, a new one of the same method takes its place:
    the message is `token_reissued`. This operation has a lower rate limit than others.
    """
    limits, terms, show = caller.backend.limiter.limits, caller.backend.terms, shown(caller)
    tokens = NewTokens(terms.mint, terms.token_lifetime, terms.registries)
    return await caller.write(
        lambda tx: request_validation(tx, caller.account_id, prefix_id, tokens=tokens),
        lambda asked: show(asked.view),
        version=lambda asked: version(asked.view),
        messages=lambda asked: (TOKEN_REISSUED,) if asked.reissued else (),
        location=_location,
        spending=(
            Wanted("validate", limits.validations_per_account),
            # The prefix may be another account's: what is spent is always the caller's.
            Wanted(f"validate-prefix:{prefix_id.hex}", limits.validations_per_prefix),
        ),
    )


def _location(asked: Requested) -> str | None:
    claim, run = asked.view.claim, asked.view.run
    below = f"prefixes/{claim.id.hex}/validations/{run.id.hex}" if run else None
    return below and f"{ROOT.format(account_id=claim.account_id.hex)}/{below}"


def shown(caller: Authenticated) -> Callable[[ClaimView], Shown]:
    """How this caller is shown a prefix."""
    return partial(prefix_of, advice=caller.backend.advice, now=caller.now)


def version(view: ClaimView) -> int:
    """The version that stands in a prefix's ETag."""
    return view.claim.version


def _exactly(cidr: str) -> network.Prefix:
    try:
        return network.Prefix.parse(cidr)
    except InvalidPrefix:
        raise QueryParameterInvalid("cidr", "is not a prefix without host bits") from None
