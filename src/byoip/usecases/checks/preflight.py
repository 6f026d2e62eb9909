"""The pre-flight: the checks that need no token, tried before a prefix is brought."""

from dataclasses import dataclass
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Check, Finding, Passed
from byoip.domain.claims.claim import OtherOrigin
from byoip.domain.prefix import Prefix
from byoip.usecases.checks.collect_evidence import CollectEvidence
from byoip.usecases.checks.targets import CheckTarget
from byoip.usecases.claims.prefixes import Terms

_REQUIRED = frozenset({Check.IRR, Check.RPKI})


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """Would it pass, and what would break?

    Attributes:
        would_pass: irr and rpki pass as things stand; ownership is proven later.
        other_origins: other ASNs that originate the space: publish ROAs for those first.
    """

    prefix: Prefix
    asn: Asn
    would_pass: bool
    findings: tuple[Finding, ...]
    other_origins: tuple[OtherOrigin, ...]


@dataclass(frozen=True, slots=True)
class Preflight:
    """Try the checks that need no token. Nothing is kept."""

    ask: CollectEvidence
    terms: Terms

    async def __call__(self, account_id: UUID, *, cidr: str, asn: int) -> PreflightReport:
        """Answer within the deadline of `ask`.

        Raises:
            InvalidPrefix, PrefixLengthRefused, SpecialPurposePrefix, OperatorInfrastructure,
            InvalidAsn, OriginNotOffered: a submission would be refused for the same reason.
        """
        prefix, origin = self.terms.admit(cidr, asn)
        answers = await self.ask(CheckTarget(account_id, prefix, origin))
        passed = {one.check for one in answers.findings if isinstance(one.outcome, Passed)}
        return PreflightReport(
            prefix, origin, passed >= _REQUIRED, answers.findings, answers.other_origins
        )
