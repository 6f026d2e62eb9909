"""Reads for operators: across all accounts, nothing is locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from byoip.domain.accounts.credential import Credential
from byoip.domain.accounts.operating import Address, RegistryOverride, Reservation
from byoip.domain.bindings.service_binding import ServiceBinding
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.delegation import Delegation
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.prefix import Prefix
from byoip.ports.accounts.accounts import Account
from byoip.ports.checks.snapshots import Acceptance, RegistrationStatus, VrpSnapshot
from byoip.ports.claims.reader import ClaimView, Cursor, NumberedEvent


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, and how many live claims it has."""

    account: Account
    claims: int


@dataclass(frozen=True, slots=True)
class OperatorClaimFilter:
    """Which claims of all accounts are wanted; None admits all.

    Attributes:
        overlapping: only those that share an address with it.
    """

    account_id: UUID | None = None
    overlapping: Prefix | None = None
    approved: bool | None = None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class RoaSnapshotView:
    """An attempt to take ROA data, and what became of it.

    Attributes:
        acceptance: an operator's word, if it took one.
    """

    snapshot: VrpSnapshot
    in_use: bool
    acceptance: Acceptance | None


@dataclass(frozen=True, slots=True)
class OperatorEventView:
    """A line of the operators' history, as kept."""

    event: NumberedEvent
    reason: str


@dataclass(frozen=True, slots=True)
class Holding:
    """A live claim that contains an address.

    Attributes:
        binding: the longest that contains the address; its service answers.
    """

    claim: Claim
    account_name: str
    binding: ServiceBinding | None


@dataclass(frozen=True, slots=True)
class AddressReport:
    """Who answers for an address.

    Attributes:
        holdings: the approved claim first, then those with a binding, then by age.
        delegations: those of the first holding's that contain the address, with their
            accounts' names.
    """

    address: Address
    holdings: tuple[Holding, ...]
    delegations: tuple[tuple[Delegation, str], ...]
    reservation: Reservation | None


class OperatorReader(Protocol):
    """What operators are shown."""

    async def accounts(self, *, after: Cursor | None, limit: int) -> Sequence[AccountView]:
        """Accounts in the order of (created_at, id)."""
        ...

    async def account(self, account_id: UUID) -> AccountView:
        """One account. Raises AccountNotFound."""
        ...

    async def credentials(
        self, account_id: UUID | None, *, after: Cursor | None, limit: int
    ) -> Sequence[Credential]:
        """Credentials of one account, or all, in the order of (created_at, id)."""
        ...

    async def overrides(self, *, after: Cursor | None, limit: int) -> Sequence[RegistryOverride]:
        """Live overrides of the database in the order of (created_at, id)."""
        ...

    async def reservations(self, *, after: Cursor | None, limit: int) -> Sequence[Reservation]:
        """Live reservations in the order of (created_at, id)."""
        ...

    async def claims(
        self, wanted: OperatorClaimFilter, *, after: Cursor | None, limit: int
    ) -> Sequence[ClaimView]:
        """Live claims of all accounts in the order of (created_at, id)."""
        ...

    async def claim(self, claim_id: UUID) -> ClaimView:
        """One live claim. Raises ClaimNotFound."""
        ...

    async def owner(self, claim_id: UUID) -> UUID:
        """The account of a claim, closed ones too. Raises ClaimNotFound."""
        ...

    async def roa_snapshots(self, *, below: int, limit: int) -> Sequence[RoaSnapshotView]:
        """Attempts to take ROA data with lower numbers, newest first."""
        ...

    async def registration_snapshots(self) -> Sequence[RegistrationStatus]:
        """One entry for each registry ever tried."""
        ...

    async def events(self, *, after: int, limit: int) -> Sequence[OperatorEventView]:
        """The operators' history, with numbers above `after`."""
        ...

    async def address(self, address: Address, now: datetime) -> AddressReport:
        """Who answers for it."""
        ...
