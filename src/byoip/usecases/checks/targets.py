"""What is asked about, and what one party's answers come to."""

from dataclasses import dataclass, field
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Finding
from byoip.domain.claims.claim import OtherOrigin
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.prefix import Prefix


@dataclass(frozen=True, slots=True)
class CheckTarget:
    """What is checked, and for which account. Without a token, ownership is not checked.

    Attributes:
        until: the event loop's time after which no answer is waited for; set when asking starts.
        roa_origins: other origins that ROAs name; set when asking starts.
    """

    account_id: UUID
    prefix: Prefix
    origin: Asn
    token: OwnershipToken | None = None
    until: float | None = None
    roa_origins: tuple[OtherOrigin, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Findings of one party, and the other origins that it knows.

    Attributes:
        others_complete: every source of that party that knows of other origins has answered.
    """

    findings: tuple[Finding, ...]
    other_origins: tuple[OtherOrigin, ...] = field(default=())
    others_complete: bool = True
