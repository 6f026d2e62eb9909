"""Credentials: who may do what, and what is refused of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from byoip.domain.errors import Refusal


class Scope(StrEnum):
    """What a credential allows."""

    PREFIXES_READ = "prefixes:read"
    PREFIXES_WRITE = "prefixes:write"
    BGP_READ = "bgp:read"
    BGP_WRITE = "bgp:write"
    EDGE_READ = "edge:read"
    EDGE_ACK = "edge:ack"
    OPERATOR = "operator"


TOKENS_PER_PERSON: Final = 20
CUSTOMER_SCOPES = frozenset(
    {Scope.PREFIXES_READ, Scope.PREFIXES_WRITE, Scope.BGP_READ, Scope.BGP_WRITE}
)
# Edge routers belong to the operator, not to a customer.
OPERATOR_SCOPES = frozenset({Scope.OPERATOR, Scope.EDGE_READ, Scope.EDGE_ACK})


class NotAuthenticated(Refusal):
    """There is no credential, or it is unknown, revoked or expired."""

    name = "not_authenticated"

    def __init__(self) -> None:
        super().__init__("Give a valid token: Authorization: Bearer <token>.")


class TwoCredentials(Refusal):
    """A request carries one credential, not two."""

    name = "two_credentials"

    def __init__(self) -> None:
        super().__init__("Give either Authorization or X-Auth-Email and X-Auth-Key, not both.")


class ScopeMissing(Refusal):
    """The credential is known, and lacks the scope."""

    name = "scope_missing"

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This token lacks the scope {scope.value}.")


class AccountNotFound(Refusal):
    """There is no such account, or it is not the caller's; named where an operator gave its id."""

    name = "account_not_found"

    def __init__(self, account_id: UUID | None = None) -> None:
        named = f"account {account_id.hex}" if account_id else "such account for this token"
        super().__init__(f"There is no {named}.")


class ScopesRefused(Refusal):
    """Customers' and operators' credentials have scopes of their own."""

    name = "scopes_refused"

    def __init__(self, allowed: Iterable[Scope]) -> None:
        super().__init__(
            f"Such a credential may have these scopes: {', '.join(sorted(allowed))}.",
            pointer="/scopes",
        )


class ExpiryRefused(Refusal):
    """A credential expires in the future, or never."""

    name = "credential_expiry_refused"

    def __init__(self) -> None:
        super().__init__("The credential would have expired already.", pointer="/expires_at")


class TooManyTokens(Refusal):
    """The person has as many tokens of their own as one may have."""

    name = "token_quota_reached"

    def __init__(self) -> None:
        super().__init__(f"A person has at most {TOKENS_PER_PERSON} tokens: revoke one.")


class CredentialNotFound(Refusal):
    """There is no such credential, or it was revoked before."""

    name = "credential_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such credential, or it was revoked before.")


@dataclass(frozen=True, slots=True)
class Credential:
    """A token's rights. Of the token itself only a hash is kept.

    Attributes:
        account_id: None for an operator's credential, which belongs to no account.
        scopes: of a person's own token no more than their role allows at the moment.
        person_id: whose own token it is, and with whom it falls; None: nobody's.
        told_expiring_at: when its account was told last that its time is nearly over.
    """

    id: UUID
    account_id: UUID | None
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    person_id: UUID | None = None
    told_expiring_at: datetime | None = None

    def require(self, scope: Scope) -> None:
        """Refuse a request that needs a scope which it lacks.

        Raises:
            ScopeMissing: it lacks the scope.
        """
        if scope not in self.scopes:
            raise ScopeMissing(scope)


def fitting_scopes(account_id: UUID | None, wanted: frozenset[Scope]) -> frozenset[Scope]:
    """The scopes of a new credential; where none are named, those that are usual.

    Raises:
        ScopesRefused: an operator's scope on an account's credential, or the other way round.
    """
    allowed = OPERATOR_SCOPES if account_id is None else CUSTOMER_SCOPES
    usual = frozenset({Scope.OPERATOR}) if account_id is None else CUSTOMER_SCOPES
    if not wanted <= allowed:
        raise ScopesRefused(allowed)
    return wanted or usual
