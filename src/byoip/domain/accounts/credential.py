"""Who may do what."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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


CUSTOMER_SCOPES = frozenset(
    {Scope.PREFIXES_READ, Scope.PREFIXES_WRITE, Scope.BGP_READ, Scope.BGP_WRITE}
)


class NotAuthenticated(Refusal):
    """No credential, or one we do not know (any more)."""

    name = "not_authenticated"

    def __init__(self) -> None:
        super().__init__("Give a valid token: Authorization: Bearer <token>.")


class TwoCredentials(Refusal):
    """Two credentials in one request."""

    name = "two_credentials"

    def __init__(self) -> None:
        super().__init__("Give either Authorization or X-Auth-Email and X-Auth-Key, not both.")


class ScopeMissing(Refusal):
    """A known credential without the right."""

    name = "scope_missing"

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This token lacks the scope {scope.value}.")


class AccountNotFound(Refusal):
    """No such account, or not yours."""

    name = "account_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such account for this token.")


@dataclass(frozen=True, slots=True)
class Credential:
    """A token's rights; the token itself is kept as a hash only.

    Attributes:
        account_id: None for an operator's credential, which belongs to no account.
    """

    id: UUID
    account_id: UUID | None
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def require(self, scope: Scope) -> None:
        """Refuse what it does not allow.

        Raises:
            ScopeMissing: it lacks the scope.
        """
        if scope not in self.scopes:
            raise ScopeMissing(scope)
