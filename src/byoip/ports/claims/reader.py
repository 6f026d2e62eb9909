"""Reads for the API: everything a page shows in one statement, nothing is locked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from byoip.domain.bindings.service_binding import Provisioning, Service, ServiceBinding
from byoip.domain.checks.evidence import Finding
from byoip.domain.checks.origin_validation import Validity
from byoip.domain.checks.validation_run import ValidationRun
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.delegation import Delegation
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.prefix import Prefix
from byoip.ports.routes.advertising import BgpPrefixView


@dataclass(frozen=True, slots=True)
class SpanningRoute:
    """What the wire's deprecated members show of the BGP prefix that spans a prefix.

    Attributes:
        at: when it was last announced or withdrawn; None: never.
    """

    advertised: bool
    at: datetime | None
    locked: bool


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim with what its wire form needs besides.

    Attributes:
        token: the newest token, whether usable or not; None only if all were revoked.
        default_binding: that of the live binding which spans the prefix, active once every edge
            in service has it; None: there is no such binding.
        route: the BGP prefix that spans it, if there is one.
        drift: what origin validation says of the prefix, where that is not "valid".
    """

    claim: Claim
    token: OwnershipToken | None
    default_binding: Provisioning | None
    route: SpanningRoute | None = None
    drift: Validity | None = None


@dataclass(frozen=True, slots=True)
class BindingView:
    """A binding with the version of its prefix, which counts for its bindings as well."""

    binding: ServiceBinding
    version: int


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """Which claims are wanted; None admits all."""

    prefix: Prefix | None = None
    approved: bool | None = None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after this row, in the order of (created_at, id)."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """An event as kept."""

    number: int
    kind: str
    actor: str
    request_id: str
    at: datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """An event of any of an account's claims.

    Attributes:
        number: counts up within the account, without gaps, in the order of commits.
        event: as its claim's own history has it.
    """

    number: int
    claim_id: UUID
    event: NumberedEvent


@dataclass(frozen=True, slots=True)
class RunView:
    """A validation run with its findings; without their raw answers in a list."""

    run: ValidationRun
    findings: tuple[Finding, ...]


EVERY_CLAIM = ClaimFilter()


class Reader(Protocol):
    """What the API shows. Every question is asked within one account."""

    async def claim(self, account_id: UUID, claim_id: UUID) -> ClaimView:
        """One live claim.

        Raises:
            ClaimNotFound: not there, or another account's.
        """
        ...

    async def claims(
        self,
        account_id: UUID,
        *,
        after: Cursor | None,
        limit: int,
        wanted: ClaimFilter = EVERY_CLAIM,
    ) -> Sequence[ClaimView]:
        """Live claims in the order of (created_at, id)."""
        ...

    async def count_claims(self, account_id: UUID, wanted: ClaimFilter = EVERY_CLAIM) -> int:
        """How many such live claims the account has."""
        ...

    async def tokens(
        self, account_id: UUID, claim_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[OwnershipToken]:
        """All tokens of a claim. Raises ClaimNotFound."""
        ...

    async def runs(
        self, account_id: UUID, claim_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[RunView]:
        """Runs of a claim, oldest first. Raises ClaimNotFound."""
        ...

    async def run(self, account_id: UUID, claim_id: UUID, run_id: UUID) -> RunView:
        """One run with all its evidence. Raises ClaimNotFound, ValidationNotFound."""
        ...

    async def bindings(
        self, account_id: UUID, claim_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[ServiceBinding]:
        """Live bindings of a claim in the order of (created_at, id). Raises ClaimNotFound."""
        ...

    async def binding(self, account_id: UUID, claim_id: UUID, binding_id: UUID) -> BindingView:
        """One live binding. Raises ClaimNotFound, BindingNotFound."""
        ...

    async def bgp_prefixes(
        self, account_id: UUID, claim_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[BgpPrefixView]:
        """Live BGP prefixes of a claim in the order of (created_at, id). Raises ClaimNotFound."""
        ...

    async def bgp_prefix(
        self, account_id: UUID, claim_id: UUID, bgp_prefix_id: UUID | None
    ) -> BgpPrefixView:
        """One live BGP prefix; None: the one that spans the prefix.

        Raises ClaimNotFound, BgpPrefixNotFound.
        """
        ...

    async def delegations(
        self, account_id: UUID, claim_id: UUID, *, now: datetime, after: Cursor | None, limit: int
    ) -> Sequence[Delegation]:
        """Delegations of a claim that count now, in the order of (created_at, id).

        Raises ClaimNotFound.
        """
        ...

    async def received_delegations(
        self, account_id: UUID, *, now: datetime, after: Cursor | None, limit: int
    ) -> Sequence[Delegation]:
        """What other accounts have delegated to this one and counts now, in the same order."""
        ...

    async def services(self) -> Sequence[Service]:
        """The live services, by name."""
        ...

    async def events(
        self, account_id: UUID, claim_id: UUID, *, after: int, limit: int
    ) -> Sequence[NumberedEvent]:
        """Events of a claim, closed ones too, with numbers above `after`. Raises ClaimNotFound."""
        ...

    async def account_events(
        self, account_id: UUID, *, after: int, limit: int
    ) -> Sequence[AccountEvent]:
        """Events of all claims of the account, with numbers above `after`."""
        ...

    async def newest_event(self, account_id: UUID, claim_id: UUID) -> int:
        """The number of a claim's last event, closed ones too. Raises ClaimNotFound."""
        ...

    async def newest_account_event(self, account_id: UUID) -> int:
        """The number of the account's last event; 0 before the first."""
        ...
