"""What is asked about, and what one party's answers come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Finding
from byoip.domain.claims.check_waiver import CheckWaiver, Waivable
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.prefix import Prefix


@dataclass(frozen=True, slots=True)
class CheckTarget:
    """What is checked, and for which account. Without a token, ownership is not checked.

    Attributes:
        claim_id: None for a pre-flight.
        until: the event loop's time after which no answer is waited for; set when asking starts.
        roa_origins: other origins that ROAs name; set when asking starts.
        waivers: those in force; set when asking starts.
    """

    account_id: UUID
    prefix: Prefix
    origin: Asn
    token: OwnershipToken | None = None
    claim_id: UUID | None = None
    until: float | None = None
    roa_origins: tuple[OtherOrigin, ...] = ()
    waivers: Mapping[Waivable, CheckWaiver] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Findings of one party, and the other origins that it knows.

    Attributes:
        others_complete: every source of that party that knows of other origins has answered.
    """

    findings: tuple[Finding, ...]
    other_origins: tuple[OtherOrigin, ...] = field(default=())
    others_complete: bool = True
