from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from byoip.domain.accounts.credential import Credential


@dataclass(frozen=True, slots=True)
class Account:
    """A customer.

    Attributes:
        version: counts the operator's writes.
    """

    id: UUID
    name: str
    prefix_quota: int
    created_at: datetime
    version: int = 1


class Accounts(Protocol):
    """Accounts and their credentials. Each call is a transaction of its own."""

    async def create(self, account: Account) -> None:
        """Keep a new account."""
        ...

    async def add_credential(self, credential: Credential, token: str) -> None:
        """Keep a credential; of the token only a hash.

        Raises:
            AccountNotFound: its account does not exist.
        """
        ...

    async def recognise(self, token: str) -> Credential | None:
        """The credential of a token, unless unknown, revoked or expired; one statement.

        Notes the last use, at most once a minute.
        """
        ...

    async def revoke(self, credential_id: UUID) -> bool:
        """End a credential; False if there is none, or it was revoked before."""
        ...

    async def credentials(self, account_id: UUID | None) -> Sequence[Credential]:
        """Credentials of an account, or all, oldest first."""
        ...


class Allowance(Protocol):
    """Permits that all API processes share."""

    async def spend(self, what: str, who: UUID, *, per_minute: int) -> int | None:
        """Take one permit: None if granted, else seconds until the next."""
        ...
