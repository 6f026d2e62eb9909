"""What a token alone is shown, in the members that v4 clients know."""

from typing import Literal

from pydantic import Field

from byoip.api.border.envelope import Id, Time, Wire, example
from byoip.domain.accounts.credential import Scope


class TokenAccount(Wire):
    """An account that the token opens."""

    model_config = example(
        id="8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7",
        name="Example Networks",
        type="standard",
        created_on="2026-11-02T09:30:00Z",
    )

    id: Id
    name: str
    type: Literal["standard"] = Field(description="There is one type.")
    created_on: Time


class VerifiedToken(Wire):
    """A token that is good."""

    model_config = example(
        id="89abcdef0123456789abcdef01234567",
        status="active",
        expires_on=None,
        not_before=None,
        account_id="8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7",
        scopes=["prefixes:read", "prefixes:write"],
    )

    id: Id
    status: Literal["active"] = Field(description="A token that is not active gets 401.")
    expires_on: Time | None = Field(description="null: never.")
    not_before: Time | None = Field(description="Always null: a token is good from its issue on.")
    account_id: Id | None = Field(description="The account that it opens; null: an operator's.")
    scopes: list[Scope]
