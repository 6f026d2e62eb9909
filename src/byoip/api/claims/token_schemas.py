"""Ownership tokens on the wire, which calls them validation tokens."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from byoip.api.border.envelope import (
    Id,
    SecretText,
    Strict,
    Time,
    Wire,
    answer_of,
    example,
    list_of,
)
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.usecases.claims.tokens import IssuedToken


class NewToken(Strict):
    """How the token will be published."""

    model_config = example(method="rdns")

    method: Literal["irr", "rdns"]


class TokenStatus(StrEnum):
    """What a token is good for."""

    USABLE = "usable"
    CONSUMED = "consumed"
    REVOKED = "revoked"
    EXPIRED = "expired"


TOKEN_EXAMPLE: dict[str, Any] = {
    "id": "5b3d2f0c66a84b3c8a0b1c2d3e4f5061",
    "method": "rdns",
    "token": "4f0c1f3a9b5de0a65a2b1a7cbb0d9e13",
    "status": "usable",
    "created_at": "2026-11-02T09:30:00Z",
    "expires_at": "2026-11-09T09:30:00Z",
    "consumed_at": None,
    "revoked_at": None,
}


class ValidationToken(Wire):
    """A token that proves ownership once it is published."""

    model_config = example(**TOKEN_EXAMPLE)

    id: Id
    method: TokenMethod = Field(description="`any` for the one issued with the prefix.")
    token: SecretText
    status: TokenStatus
    created_at: Time
    expires_at: Time
    consumed_at: Time | None
    revoked_at: Time | None


class Instruction(Wire):
    """One thing to publish."""

    where: str = Field(description="Whose zone or portal.")
    name: str = Field(description="Owner name in DNS, or attribute of the route object.")
    line: SecretText = Field(description="The text to paste.")


class IssuedValidationToken(ValidationToken):
    """A new token, and everything to paste."""

    model_config = example(
        **TOKEN_EXAMPLE,
        instructions=[
            {
                "where": "reverse zone of 198.18.0.0/24",
                "name": "byoip-validation.0.18.198.in-addr.arpa.",
                "line": "byoip-validation.0.18.198.in-addr.arpa. IN TXT "
                '"4f0c1f3a9b5de0a65a2b1a7cbb0d9e13"',
            }
        ],
    )

    instructions: list[Instruction]


IssuedTokenAnswer = answer_of(IssuedValidationToken, "IssuedToken")
TokenListAnswer = list_of(ValidationToken, "Token")


def token_of(token: OwnershipToken, now: datetime) -> ValidationToken:
    """A token as the wire shows it."""
    return ValidationToken.showing(token, token=token.value, status=_status(token, now))


def issued_of(issued: IssuedToken, now: datetime) -> IssuedValidationToken:
    """A new token with its instructions."""
    shown = token_of(issued.token, now)
    return IssuedValidationToken(**dict(shown), instructions=issued.instructions)


def _status(token: OwnershipToken, now: datetime) -> TokenStatus:
    if token.consumed_at:
        return TokenStatus.CONSUMED
    if token.revoked_at:
        return TokenStatus.REVOKED
    return TokenStatus.USABLE if token.usable(now) else TokenStatus.EXPIRED
