"""What readers show of claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from byoip.domain.bindings.service_binding import Provisioning, ServiceBinding
from byoip.domain.checks.evidence import Finding
from byoip.domain.checks.origin_validation import Validity
from byoip.domain.checks.validation_run import ValidationRun
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.prefix import Prefix


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
