"""What is asked about, and what one party's answers come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Failed, Finding, Passed, Unanswered
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
class Look:
    """A registry with the holder rule, at a moment at which no stranger might write there.

    Attributes:
        at: when it answered.
        registry: its key.
        writers: maintainers who might: those of the address block.
        changed: when the block was last changed, in the registry's words; empty: it does not say.
        where: the route object that has the token; None: none has it.
    """

    at: datetime
    registry: str
    writers: frozenset[str]
    changed: str
    where: str | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Findings of one party, and the other origins that it knows.

    Attributes:
        look: what was seen of the token, beside strangers; None: they were, or it was not asked.
        others_complete: every source of that party that knows of other origins has answered.
    """

    findings: tuple[Finding, ...]
    other_origins: tuple[OtherOrigin, ...] = field(default=())
    others_complete: bool = True
    look: Look | None = None


def either(first: CheckResult, second: CheckResult) -> CheckResult:
    """One registry's word is enough; it is no only where both said no."""
    other = {one.check: one for one in second.findings}
    findings = [_better(one, other.pop(one.check, one)) for one in first.findings]
    return CheckResult(
        (*findings, *other.values()),
        tuple(dict.fromkeys((*first.other_origins, *second.other_origins))),
        others_complete=first.others_complete and second.others_complete,
        look=second.look if second.look and second.look.where else first.look or second.look,
    )


def _better(one: Finding, other: Finding) -> Finding:
    if one is other:
        return one
    exhibits = (*one.exhibits, *other.exhibits)
    outcome = one.outcome
    for wanted in (Passed, Unanswered):
        if found := next((x for x in (one, other) if isinstance(x.outcome, wanted)), None):
            return replace(found, exhibits=exhibits)
    if isinstance(outcome, Failed) and isinstance(other.outcome, Failed):
        seen = f"{outcome.seen} {other.outcome.seen}"
        outcome = replace(outcome, seen=seen, fix=f"{outcome.fix} Or: {other.outcome.fix}")
    return replace(one, outcome=outcome, exhibits=exhibits)
