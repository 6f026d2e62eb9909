"""People: who signs in on pages, in which role, and for how long that holds.

A person acts by a credential of their own, whose token nobody ever had: so scopes, limits,
idempotency keys and histories are the same for people and for programs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Credential, Scope
from byoip.domain.errors import Refusal

LINK_HOLDS: Final = timedelta(hours=1)
IDLE: Final = timedelta(hours=1)
LONGEST_SESSION: Final = timedelta(hours=12)
# A session that has ended is on record for as long, and opens nothing; its browser is known by it.
REMEMBERED: Final = timedelta(days=30)


class Role(StrEnum):
    """What a person may do: of an account the first three, of the operator the others."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    OPERATOR_VIEWER = "operator_viewer"
    OPERATOR = "operator"

    @property
    def of_operator(self) -> bool:
        """Whether it is a role at the operator, and not in an account."""
        return self in _OF_OPERATOR

    @property
    def scopes(self) -> frozenset[Scope]:
        """What its credential allows."""
        return _SCOPES[self]

    @property
    def rank(self) -> int:
        """How much it may, among the roles of its side."""
        return _RANKS.index(self)

    @property
    def manages(self) -> bool:
        """Whether it may invite, change and remove people."""
        return self in _MANAGES


_OF_OPERATOR: Final = frozenset({Role.OPERATOR_VIEWER, Role.OPERATOR})
_RANKS: Final = tuple(Role)  # of each side the lowest first
_MANAGES: Final = frozenset({Role.ADMIN, Role.OPERATOR})
_SCOPES: Final[Mapping[Role, frozenset[Scope]]] = {
    Role.VIEWER: frozenset({Scope.PREFIXES_READ, Scope.BGP_READ}),
    Role.EDITOR: CUSTOMER_SCOPES,
    Role.ADMIN: CUSTOMER_SCOPES,
    Role.OPERATOR_VIEWER: frozenset({Scope.EDGE_READ}),  # no scope reads the operator's side alone
    Role.OPERATOR: frozenset({Scope.OPERATOR}),
}


class SignInLinkRefused(Refusal):
    """A link signs in once, within an hour, and the person it was made for."""

    name = "sign_in_link_refused"

    def __init__(self) -> None:
        super().__init__(
            "This link was used before, is older than an hour, or its person was removed: ask for "
            "a new one."
        )


class PersonNotFound(Refusal):
    """There is no such person here, or they were removed."""

    name = "person_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such person here, or they were removed.")


class RoleRefused(Refusal):
    """An account has viewers, editors and admins; the operator has roles of its own."""

    name = "role_refused"

    def __init__(self) -> None:
        super().__init__(
            "In an account a person is viewer, editor or admin; at the operator operator_viewer or "
            "operator.",
            pointer="/role",
        )


class RoleMissing(Refusal):
    """The person's role does not allow this."""

    name = "role_missing"

    def __init__(self) -> None:
        super().__init__("Your role does not allow this: ask an admin of your account.")


class LastOperator(Refusal):
    """Somebody has to be able to let others in."""

    name = "last_operator"

    def __init__(self) -> None:
        super().__init__(
            "This is the last person with the role operator: make another one operator first."
        )


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in.

    Attributes:
        credential: theirs; its id is the person's.
    """

    credential: Credential
    role: Role

    @property
    def id(self) -> UUID:
        """Of the person, and of their credential."""
        return self.credential.id

    @property
    def account_id(self) -> UUID | None:
        """Whose people they belong to; None: the operator's."""
        return self.credential.account_id

    @property
    def name(self) -> str:
        """As whoever invited them wrote it."""
        return self.credential.name

    def require_managing(self) -> None:
        """Refuse what only those do who let people in.

        Raises:
            RoleMissing: the role is another.
        """
        if not self.role.manages:
            raise RoleMissing


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """One browser in which a person has signed in.

    Attributes:
        expires_at: at the latest; an hour without a request ends it as well.
        agent, address: what the browser said of itself, and where it was; to be recognised by.
        provider_sid: the session at the identity provider, if that named it.
        checked_at: when the provider last said who it is; None: signed in by a link.
    """

    id: UUID
    person_id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    agent: str
    address: str
    provider_sid: str | None = None
    checked_at: datetime | None = None


def require_fitting(role: Role, account_id: UUID | None) -> None:
    """Refuse a role of the other side.

    Raises:
        RoleRefused: an operator's role in an account, or the other way round.
    """
    if role.of_operator != (account_id is None):
        raise RoleRefused
