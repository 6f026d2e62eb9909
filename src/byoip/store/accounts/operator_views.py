"""What operators are shown of accounts, claims, addresses and snapshots."""

from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.account import Account
from byoip.domain.address import Address
from byoip.domain.bindings.service_binding import ServiceBinding
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.delegation import Delegation
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.claims.reservation import Reservation
from byoip.domain.event_chain import Head
from byoip.domain.prefix import Prefix
from byoip.store.checks.snapshots import SnapshotAcceptance, VrpSnapshot
from byoip.store.claims.views import NumberedEvent


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
        acceptance: the word of the operator who accepted it, if one did.
    """

    snapshot: VrpSnapshot
    in_use: bool
    acceptance: SnapshotAcceptance | None


@dataclass(frozen=True, slots=True)
class OperatorEventView:
    """A line of the operators' history, with its reason."""

    event: NumberedEvent
    reason: str


@dataclass(frozen=True, slots=True)
class ChainedEvent:
    """A line of the operators' history as it is exported.

    Attributes:
        head: of the history that ends with it.
        line: one JSON object; its last member is the hash, which is of the line without it.
    """

    head: Head
    line: str


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
        delegations: of the first holding's claim, those that contain the address; each with the
            name of its account.
    """

    address: Address
    holdings: tuple[Holding, ...]
    delegations: tuple[tuple[Delegation, str], ...]
    reservation: Reservation | None
