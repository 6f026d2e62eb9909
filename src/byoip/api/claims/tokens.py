"""Ownership tokens: what a customer publishes to prove that the prefix is theirs."""

from functools import partial

from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import CustomerRequest, nothing
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import Done
from byoip.api.border.paging import CursorText, PerPage, page_request, paginate
from byoip.api.claims import token_schemas as wire
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims import ownership_token
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.lifecycle import IllegalTransition
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.usecases.claims import tokens as verbs

tokens = Declarations("proof")


@tokens.operation(
    "POST /prefixes/{prefix_id}/validation_tokens",
    Scope.PREFIXES_WRITE,
    answer=wire.IssuedTokenAnswer,
    status=201,
    tagged=True,
    refuses=(ClaimNotFound, IllegalTransition, ownership_token.TooManyTokens),
)
async def create_validation_token(
    caller: CustomerRequest, prefix_id: PathId, body: wire.NewToken
) -> Answer:
    """Issue a token for one method, with everything to paste.

    It replaces the token before it, and what that one has proven.
    """
    return await caller.write(
        lambda tx: verbs.issue(
            tx,
            caller.account_id,
            prefix_id,
            terms=caller.backend.terms,
            method=TokenMethod(body.method),
        ),
        partial(wire.issued_of, now=caller.now),
    )


@tokens.operation(
    "GET /prefixes/{prefix_id}/validation_tokens",
    Scope.PREFIXES_READ,
    answer=wire.TokenListAnswer,
    refuses=(ClaimNotFound,),
)
async def list_validation_tokens(
    caller: CustomerRequest, prefix_id: PathId, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the tokens of a prefix, oldest first."""
    wanted = page_request(per_page, cursor)
    found = await caller.backend.reader.tokens(
        caller.account_id, prefix_id, after=wanted.after, limit=wanted.probe
    )
    return await list_answer(paginate(found, wanted), partial(wire.token_of, now=caller.now))


@tokens.operation(
    "DELETE /prefixes/{prefix_id}/validation_tokens/{token_id}",
    Scope.PREFIXES_WRITE,
    answer=Done,
    refuses=(ClaimNotFound, ownership_token.TokenNotFound, ownership_token.TokenSpent),
)
async def delete_validation_token(
    caller: CustomerRequest, prefix_id: PathId, token_id: PathId
) -> Answer:
    """Revoke a token, and what it has proven so far."""
    return await caller.write(
        lambda tx: verbs.revoke(tx, caller.account_id, prefix_id, token_id), nothing
    )
