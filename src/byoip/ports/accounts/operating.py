"""What operators change besides prefixes; all of it within one transaction of the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from byoip.domain.accounts.credential import Credential
from byoip.domain.accounts.operating import RegistryOverride, Reservation
from byoip.domain.bindings.service_binding import Service
from byoip.domain.customer_text import CustomerText
from byoip.domain.prefix import Prefix
from byoip.ports.accounts.accounts import Account
from byoip.ports.checks.snapshots import RegistrationSnapshotRepository, VrpSnapshotRepository


@dataclass(frozen=True, slots=True)
class OperatorEvent:
    """One line of the operators' history, before it has a number."""

    kind: str  # `account.created`, `service.retired`, ...
    actor: str
    request_id: str
    reason: CustomerText
    at: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


class CustomerAccounts(Protocol):
    """Customers."""

    async def add(self, account: Account) -> None:
        """Keep a new account."""
        ...

    async def lock(self, account_id: UUID) -> Account:
        """Read an account for update.

        Raises:
            AccountNotFound: there is none.
        """
        ...

    async def save(self, account: Account) -> None:
        """Write back an account that was locked."""
        ...


class IssuedCredentials(Protocol):
    """Credentials of customers and operators."""

    async def add(self, credential: Credential, token: str) -> None:
        """Keep a credential; of the token only a hash.

        Raises:
            AccountNotFound: its account does not exist.
        """
        ...

    async def revoke(self, credential_id: UUID, now: datetime) -> Credential:
        """End a credential; gives it as it is then.

        Raises:
            CredentialNotFound: there is none, or it was revoked before.
        """
        ...


class OfferedServices(Protocol):
    """What customers may bind."""

    async def add(self, service: Service, now: datetime) -> None:
        """Offer a new service.

        Raises:
            ServiceExists: its name is taken.
        """
        ...

    async def lock(self, service_id: UUID) -> Service:
        """Read a live service for update; new bindings to it wait.

        Raises:
            ServiceNotOffered: there is none.
        """
        ...

    async def bindings(self, service_id: UUID) -> tuple[int, int]:
        """How many bindings rest on it, and how many of them span less than their prefix.

        A binding that it was swapped away from, or that was removed, rests on it until a majority
        of edges has acknowledged that.
        """
        ...

    async def save(self, service: Service) -> None:
        """Write back a service that was locked."""
        ...

    async def retire(self, service_id: UUID, now: datetime) -> None:
        """End a service that was locked and has no bindings; the row stays."""
        ...


class RegistryOverrides(Protocol):
    """The operator's word on registries; those of the settings stand beside it."""

    async def overlapping(self, prefix: Prefix) -> Sequence[tuple[Prefix, str]]:
        """Ranges that overlap a prefix, and the registry named for each."""
        ...

    async def put(self, override: RegistryOverride) -> RegistryOverride | None:
        """Keep it; gives the one that it replaces, of exactly the same range."""
        ...

    async def remove(self, override_id: UUID, now: datetime) -> RegistryOverride:
        """End one; the row stays.

        Raises:
            OverrideNotFound: there is none.
        """
        ...


class Reservations(Protocol):
    """Space kept for somebody."""

    async def blocks(self, prefix: Prefix, account_id: UUID) -> bool:
        """Whether any of a prefix is reserved, but not for this account."""
        ...

    async def add(self, reservation: Reservation) -> None:
        """Keep it; the space must be locked.

        Raises:
            OverlapsReservation: an address in it is reserved already.
            AccountNotFound: its account does not exist.
        """
        ...

    async def release(self, reservation_id: UUID, now: datetime) -> Reservation:
        """End one; the row stays.

        Raises:
            ReservationNotFound: there is none.
        """
        ...


class OperatorEvents(Protocol):
    """The append-only history of what is not about one prefix."""

    async def add(self, event: OperatorEvent) -> None:
        """Note what happened. Its number is given when the transaction ends."""
        ...


class OperatorRepositories(Protocol):
    """The operator's part of a transaction."""

    accounts: CustomerAccounts
    credentials: IssuedCredentials
    services: OfferedServices
    overrides: RegistryOverrides
    reservations: Reservations
    events: OperatorEvents

    async def roa_snapshots(self) -> VrpSnapshotRepository:
        """Snapshots of ROA data, open for writing by this transaction alone."""
        ...

    async def registration_snapshots(self) -> RegistrationSnapshotRepository:
        """The registries' statistics, open for writing by this transaction alone."""
        ...
