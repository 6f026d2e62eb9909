"""As whom a request was let in, and what has to hold of that still when it writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import UUID

from byoip.domain.accounts.credential import Credential, NotAuthenticated, Scope, ScopeMissing
from byoip.domain.accounts.people import Person, Role, RoleMissing

OUT: Final = (NotAuthenticated, ScopeMissing, RoleMissing)  # what `LetIn.require` raises


@dataclass(frozen=True, slots=True)
class LetIn:
    """What a request was recognised by: credentials that were in force at the door.

    Attributes:
        credentials: a person's before that of their own token.
        scopes: what each of them has to allow still.
        side: the account that they are of; None: the operator.
        role: as what a person came; None: a token came.
        changes: whether the request changes who may come in, or as what.
    """

    credentials: tuple[UUID, ...]
    scopes: frozenset[Scope]
    side: UUID | None
    role: Role | None = None
    changes: bool = False

    @classmethod
    def by_token(cls, credential: Credential, needed: Collection[Scope]) -> Self:
        """A program with a token, for what needs these scopes."""
        owner = () if credential.person_id is None else (credential.person_id,)
        return cls((*owner, credential.id), frozenset(needed), credential.account_id)

    @classmethod
    def in_person(cls, person: Person) -> Self:
        """A person on a page, with all that they were shown it for."""
        return cls((person.id,), person.credential.scopes, person.account_id, person.role)

    def changing(self) -> Self:
        """The same, for a request that changes who may come in."""
        return replace(self, changes=True)

    def require(self, held: Sequence[Collection[str]], role: str | None) -> None:
        """Refuse one that would not be let in any more.

        Args:
            held: the scopes of each of the credentials that are in force.
            role: the person's.

        Raises:
            NotAuthenticated: a credential is not in force any more.
            ScopeMissing: one allows less by now.
            RoleMissing: who managed people does not any more.
        """
        if len(held) < len(self.credentials):
            raise NotAuthenticated
        for scope in sorted(self.scopes):
            if not all(scope in one for one in held):
                raise ScopeMissing(scope)
        if self.changes and self.role and self.role.manages and role != self.role:
            raise RoleMissing
