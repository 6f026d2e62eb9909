"""Signing in at an identity provider (OpenID Connect): what it said, and who that is here.

People are known by issuer and subject, never by an address of mail. Their role follows from their
groups, each time anew; what was taken from them here stays taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from byoip.domain.accounts.people import Role
from byoip.domain.errors import Refusal

ATTEMPT_HOLDS: Final = timedelta(minutes=10)


class ProviderAway(Refusal):
    """The identity provider does not answer, or not as it should; sessions go on meanwhile."""

    name = "identity_provider_away"

    def __init__(self) -> None:
        super().__init__(
            "The identity provider cannot be asked at the moment: try again soon.", retry_after=10
        )


class ProviderSignInRefused(Refusal):
    """What the browser brought from the identity provider signs nobody in."""

    name = "provider_sign_in_refused"

    def __init__(self, why: str = "begin again on the page to sign in") -> None:
        super().__init__(f"You were not signed in: {why}.")


class PersonOfProvider(Refusal):
    """This person comes from the identity provider, which decides that."""

    name = "person_of_provider"

    def __init__(self) -> None:
        super().__init__(
            "This person signs in at the identity provider: they get no link here, and no higher "
            "role than their groups there give."
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a group of the provider comes in, and as what; without an account at the operator."""

    group: str
    role: Role
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ProviderSaid:
    """An ID token that was verified.

    Attributes:
        subject: who, for this issuer alone, at most 255 characters.
        sid: their session there, by which it may be ended.
    """

    issuer: str
    subject: str
    name: str
    groups: frozenset[str]
    sid: str | None = None

    def placed(self, places: Iterable[Place]) -> Place | None:
        """The first of the places that one of the groups has; None: they may not come in."""
        return next((one for one in places if one.group in self.groups), None)


@dataclass(frozen=True, slots=True)
class LogoutSaid:
    """A logout token that was verified: end this session, or all of this subject.

    Attributes:
        token_id: one counts once.
        fresh_until: it is refused after that for its age.
    """

    issuer: str
    subject: str | None
    sid: str | None
    token_id: str
    fresh_until: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the provider knows them.

    Attributes:
        granted: what their groups gave the last time; None: they have no place here at present.
        most: what was left to them here; None: nothing was taken.
        here: whether the person was not removed here.
    """

    person_id: UUID
    account_id: UUID | None
    issuer: str
    subject: str
    granted: Role | None
    most: Role | None
    here: bool = True


def role_of(granted: Role, most: Role | None) -> Role:
    """The lower of both, of roles of one side."""
    return granted if most is None or granted.rank <= most.rank else most
