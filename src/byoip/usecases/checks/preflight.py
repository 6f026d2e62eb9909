"""The pre-flight: the checks that need no token, tried before a prefix is brought."""

from dataclasses import dataclass
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.asns.aspa import judge_pair, judge_upstreams
from byoip.domain.checks.evidence import Check, Finding, Outcome, Passed
from byoip.domain.claims.other_origin import OtherOrigin
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
        pair: whether ASPAs let the operator stand before an origin of the customer's own; None:
            it is the operator's.
        upstreams: what is amiss with the operator's own ASPA; None: nothing.
    """

    prefix: Prefix
    asn: Asn
    would_pass: bool
    findings: tuple[Finding, ...]
    other_origins: tuple[OtherOrigin, ...]
    pair: Outcome | None = None
    upstreams: str | None = None


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
        terms, pair, upstreams = self.terms, None, None
        async with self.ask.store.transaction() as tx:
            prefix, origin, own = await terms.admit(tx, account_id, cidr, asn)
            if own is not None and terms.behind is not None:
                of = origin, terms.behind, own.aspa, tx.now
                pair = judge_pair(*of, without=terms.without_aspa)
            before = terms.behind if own is not None else origin
            if before is not None:
                (known,) = await tx.session.look(tx.own_asns.standing(account_id, before))
                upstreams = judge_upstreams(before, terms.upstreams, known.aspa, tx.now)
        answers = await self.ask(CheckTarget(account_id, prefix, origin))
        passed = {one.check for one in answers.findings if isinstance(one.outcome, Passed)}
        would_pass = passed >= _REQUIRED and (pair is None or isinstance(pair, Passed))
        found = answers.findings, answers.other_origins
        return PreflightReport(prefix, origin, would_pass, *found, pair, upstreams)
