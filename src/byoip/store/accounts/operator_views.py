"""What operators are shown of accounts, claims, addresses and snapshots, and of what waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import Credential
from byoip.domain.accounts.people import Role
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
from byoip.store.speakers.routes import Alarm


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, and how many live claims it has."""

    account: Account
    claims: int


@dataclass(frozen=True, slots=True)
class CredentialView:
    """A credential, and what ends with it.

    Attributes:
        account_name: of its account; None: it is the operator's.
        role: of the person whose way in it is; None: programs use it.
        of: the name of the person who made it for themselves.
        falls: tokens in force of that person's own, which end with them.
    """

    credential: Credential
    account_name: str | None
    role: Role | None
    of: str | None
    falls: int


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
class RoaCounts:
    """What was known of ROA data for one step of time.

    Attributes:
        at: when the step began.
        counts: of the last snapshot that was accepted, by trust anchor; empty: none was.
        refused: the same of the last one that was refused, if it could be read.
        many_refused: how many were refused.
    """

    at: datetime
    counts: Mapping[str, int]
    refused: Mapping[str, int]
    many_refused: int


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


@dataclass(frozen=True, slots=True)
class ShownAlarm:
    """An alarm.

    Attributes:
        of_route: its subject is a BGP prefix's id, and its detail begins with the CIDR.
        claim_id: the prefix of that, if it is on record.
    """

    alarm: Alarm
    since: datetime
    of_route: bool
    claim_id: UUID | None


@dataclass(frozen=True, slots=True)
class HeardOf:
    """A speaker, and when it was last asked; None: only routes are on record of it."""

    name: str
    alive: bool
    fault: str
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Listening:
    """A listener, and when it was last asked, and has answered."""

    name: str
    asked_at: datetime | None
    answered_at: datetime | None
