"""What a token alone tells: whether it is good, and which accounts it opens; as v4 clients ask."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias

from fastapi import Query

from byoip.api.accounts import token_schemas as wire
from byoip.api.border.answers import Answer, answer, numbered_answer
from byoip.api.border.caller import Customer, TokenRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, numbered_list_of
from byoip.api.border.paging import DEFAULT_PAGE, PerPage
from byoip.api.path_ids import PathId
from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import AccountNotFound, Scope
from byoip.domain.customer_text import LONGEST

LAST_PAGE = 1_000_000

token_accounts = Declarations("accounts", Audience.EITHER)


class Direction(StrEnum):
    """By age."""

    ASC = "asc"
    DESC = "desc"


Number: TypeAlias = Annotated[
    int | None,
    Query(ge=1, le=LAST_PAGE, description="Which page, from 1; one beyond the last is empty."),
]
Name: TypeAlias = Annotated[
    str | None, Query(max_length=LONGEST, description="Only accounts with exactly this name.")
]
InOrder: TypeAlias = Annotated[
    Direction | None, Query(description="Oldest first, unless this is `desc`.")
]


@token_accounts.operation("GET /accounts", None, answer=numbered_list_of(wire.TokenAccount))
async def list_token_accounts(
    caller: TokenRequest,
    page: Number = None,
    per_page: PerPage = None,
    name: Name = None,
    direction: InOrder = None,
) -> Answer:
    """List the accounts that the token opens.

    A customer's token opens one account, an operator's shows all of them.
    """
    number, size = page or 1, per_page or DEFAULT_PAGE
    found: Sequence[Account]
    skipped = (number - 1) * size
    if isinstance(caller, Customer):
        own = (await caller.backend.operator_reader.account(caller.account_id)).account
        whole = [own] if name in {None, own.name} else []
        found, total = whole[skipped : skipped + size], len(whole)
    else:
        caller.credential.require(Scope.OPERATOR)
        found, total = await caller.backend.operator_reader.accounts_by_page(
            name=name, newest_first=direction is Direction.DESC, skipped=skipped, limit=size
        )
    return await numbered_answer(found, _shown, number=number, size=size, total=total)


@token_accounts.operation("GET /accounts/{account_id}", None, answer=answer_of(wire.TokenAccount))
async def get_token_account(caller: TokenRequest, account_id: PathId) -> Answer:
    """Read an account that the token opens."""
    if not isinstance(caller, Customer):
        caller.credential.require(Scope.OPERATOR)
    elif caller.account_id != account_id:
        raise AccountNotFound
    view = await caller.backend.operator_reader.account(account_id)
    return answer(_shown(view.account))


@token_accounts.operation("GET /user/tokens/verify", None, answer=answer_of(wire.VerifiedToken))
async def get_verified_token(caller: TokenRequest) -> Answer:
    """Say what the token is good for; one that is no longer good gets 401."""
    credential = caller.credential
    return answer(
        wire.VerifiedToken(
            id=credential.id.hex,
            status="active",
            expires_on=credential.expires_at,
            not_before=None,
            account_id=None if credential.account_id is None else credential.account_id.hex,
            scopes=sorted(credential.scopes),
        )
    )


def _shown(account: Account) -> wire.TokenAccount:
    return wire.TokenAccount(
        id=account.id.hex, name=account.name, type="standard", created_on=account.created_at
    )
