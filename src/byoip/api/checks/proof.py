"""Tokens, validation runs and pre-flights: how a prefix gets approved."""

from functools import partial

from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import CustomerRequest, nothing
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import Done, answer_of, list_of
from byoip.api.border.paging import DEFAULT_PAGE, CursorText, PerPage, page_request, paginate
from byoip.api.border.rate_limiting import spend
from byoip.api.border.refusals import RateLimited
from byoip.api.checks.preflight_schemas import NewPreflight, Preflight, preflight_of
from byoip.api.checks.validation_schemas import (
    Validation,
    ValidationAnswer,
    validation_of,
    validation_with_evidence,
)
from byoip.api.claims.prefixes import PREFIX_REFUSALS
from byoip.api.claims.token_schemas import (
    IssuedTokenAnswer,
    NewToken,
    TokenListAnswer,
    issued_of,
    token_of,
)
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.checks.validation_run import ValidationNotFound
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.lifecycle import IllegalTransition
from byoip.domain.claims.ownership_token import (
    OwnershipToken,
    TokenMethod,
    TokenNotFound,
    TokenSpent,
    TooManyTokens,
)
from byoip.store.claims.views import Cursor, RunView
from byoip.usecases.claims import tokens
from byoip.usecases.claims.tokens import IssuedToken

proof = Declarations("proof")


@proof.operation(
    "POST /prefixes/{prefix_id}/validation_tokens",
    Scope.PREFIXES_WRITE,
    answer=IssuedTokenAnswer,
    status=201,
    tagged=True,
    refuses=(ClaimNotFound, IllegalTransition, TooManyTokens),
)
async def create_validation_token(
    caller: CustomerRequest, prefix_id: PathId, body: NewToken
) -> Answer:
    """Issue a token for one method, with everything to paste.

    It replaces the token before, and what that one has proven.
    """
    return await caller.write(
        lambda tx: tokens.issue(
            tx,
            caller.account_id,
            prefix_id,
            terms=caller.backend.terms,
            method=TokenMethod(body.method),
        ),
        partial(issued_of, now=caller.now),
        status=201,
        version=_version,
    )


@proof.operation(
    "GET /prefixes/{prefix_id}/validation_tokens",
    Scope.PREFIXES_READ,
    answer=TokenListAnswer,
    refuses=(ClaimNotFound,),
)
async def list_validation_tokens(
    caller: CustomerRequest, prefix_id: PathId, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the tokens of a prefix, oldest first."""
    wanted = page_request(per_page, cursor, default=DEFAULT_PAGE)
    found = await caller.backend.reader.tokens(
        caller.account_id, prefix_id, after=wanted.after, limit=wanted.probe
    )
    part = paginate(found, wanted, _token_place)
    now = caller.now
    return list_answer([token_of(token, now) for token in part.items], part)


@proof.operation(
    "DELETE /prefixes/{prefix_id}/validation_tokens/{token_id}",
    Scope.PREFIXES_WRITE,
    answer=Done,
    refuses=(ClaimNotFound, TokenNotFound, TokenSpent),
)
async def delete_validation_token(
    caller: CustomerRequest, prefix_id: PathId, token_id: PathId
) -> Answer:
    """Revoke a token, and what it has proven so far."""
    return await caller.write(
        lambda tx: tokens.revoke(tx, caller.account_id, prefix_id, token_id), nothing
    )


@proof.operation(
    "GET /prefixes/{prefix_id}/validations",
    Scope.PREFIXES_READ,
    answer=list_of(Validation),
    refuses=(ClaimNotFound,),
)
async def list_validations(
    caller: CustomerRequest, prefix_id: PathId, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the validation runs of a prefix, oldest first, without their evidence."""
    wanted = page_request(per_page, cursor, default=DEFAULT_PAGE)
    found = await caller.backend.reader.runs(
        caller.account_id, prefix_id, after=wanted.after, limit=wanted.probe
    )
    part = paginate(found, wanted, _run_place)
    return list_answer([validation_of(run) for run in part.items], part)


@proof.operation(
    "GET /prefixes/{prefix_id}/validations/{validation_id}",
    Scope.PREFIXES_READ,
    answer=ValidationAnswer,
    refuses=(ClaimNotFound, ValidationNotFound),
)
async def get_validation(
    caller: CustomerRequest, prefix_id: PathId, validation_id: PathId
) -> Answer:
    """Read one run: what was asked, of whom, what came back, and how to fix it."""
    run = await caller.backend.reader.run(caller.account_id, prefix_id, validation_id)
    return answer(validation_with_evidence(run))


@proof.operation(
    "POST /prefix_preflights",
    Scope.PREFIXES_READ,
    answer=answer_of(Preflight),
    refuses=(*PREFIX_REFUSALS, RateLimited),
)
async def create_prefix_preflight(caller: CustomerRequest, body: NewPreflight) -> Answer:
    """Would this prefix pass, and what would break?

    Asks irr and rpki now and keeps nothing. Ten a minute for each account, unless set otherwise.
    """
    limit = caller.backend.limiter.limits.preflights_per_account
    await spend(caller.backend.allowance, "preflight", caller.account_id, limit)
    report = await caller.backend.preflight(caller.account_id, cidr=body.cidr, asn=body.asn)
    return answer(preflight_of(report))


def _version(issued: IssuedToken) -> int:
    return issued.version


def _token_place(token: OwnershipToken) -> Cursor:
    return Cursor(token.created_at, token.id)


def _run_place(view: RunView) -> Cursor:
    return Cursor(view.run.created_at, view.run.id)
