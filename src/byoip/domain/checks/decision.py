"""What a run's findings change in a claim. Pure: the run has asked, the caller records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from byoip.domain.checks.evidence import (
    Check,
    CheckState,
    Failed,
    Finding,
    Outcome,
    Passed,
    Reason,
    Unanswered,
)
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.watch.validity import may_be_proven_anew

_WAYS = (Check.OWNERSHIP_IRR, Check.OWNERSHIP_RDNS)

# A wrong token is worse news than none, and the customer can act on it at once.
_LEAST_TELLING = (
    Reason.TOKEN_MISSING,
    Reason.ROUTE_OBJECTS_NOT_OFFERED,
    Reason.ZONE_NOT_DELEGATED,
)

_ISSUE = "Issue a token (POST .../validation_tokens), publish it and ask for validation again."
_PUBLISH = (
    "Ask for validation, which issues another one where this was the newest; publish the newest, "
    "and ask again."
)
_USELESS = {
    Reason.TOKEN_EXPIRED: Failed(Reason.TOKEN_EXPIRED, "The token has expired.", _PUBLISH),
    Reason.TOKEN_REVOKED: Failed(
        Reason.TOKEN_REVOKED,
        "The token was revoked, or a newer one has replaced it.",
        f"Publish the newest token and ask for validation again. If there is none: {_ISSUE}",
    ),
}


def decide(claim: Claim, findings: Iterable[Finding], now: datetime) -> Claim:
    """The claim as the findings leave it; approval is a separate step.

    A check that was not asked, or not answered, keeps its state.
    """
    by_check = {finding.check: finding for finding in findings}
    changed = replace(
        claim,
        irr=learn(claim.irr, by_check.get(Check.IRR)),
        rpki=learn(claim.rpki, by_check.get(Check.RPKI)),
        ownership=_learn_ownership(claim, by_check, now),
    )
    return changed if changed == claim else replace(changed, modified_at=now)


def learn(known: CheckRecord, finding: Finding | None) -> CheckRecord:
    """What is known of a check after one more answer, dated by that answer."""
    if finding is None:
        return known
    match finding.outcome:
        case Passed():
            return CheckRecord(CheckState.VALID, passed_at=finding.at)
        case Failed(reason, seen, fix):
            return CheckRecord(reason.state, reason=reason, seen=seen, fix=fix)
        case Unanswered(seen=seen, fix=fix):
            return replace(known, doubt=f"{seen} {fix}".strip())


def _learn_ownership(claim: Claim, by_check: Mapping[Check, Finding], now: datetime) -> CheckRecord:
    asked = [by_check[way] for way in _WAYS if way in by_check]
    decided = ownership_outcome([finding.outcome for finding in asked])
    # An approval stands without its token; a new one is asked for as it is frozen, or ends soon.
    anew = may_be_proven_anew(claim, now) and isinstance(decided, Passed)
    kept = claim.approved and not anew
    if decided is None or kept:
        return claim.ownership
    at = min(finding.at for finding in asked)
    return learn(claim.ownership, Finding(Check.OWNERSHIP_IRR, decided, at))


def ownership_outcome(outcomes: Sequence[Outcome]) -> Outcome | None:
    """One proof is enough; ownership is refused only when every way that was asked said no."""
    for wanted in (Passed, Unanswered):
        found = next((one for one in outcomes if isinstance(one, wanted)), None)
        if found:
            return found
    failed = [one for one in outcomes if isinstance(one, Failed)]
    telling = [one for one in failed if one.reason not in _LEAST_TELLING]
    if telling:
        return telling[0]
    if len(failed) > 1:
        seen = " ".join(one.seen for one in failed)
        return Failed(failed[0].reason, seen, " Or: ".join(one.fix for one in failed))
    return failed[0] if failed else None


def useless_token(method: TokenMethod, reason: Reason, now: datetime) -> tuple[Finding, ...]:
    """The finding of both ownership checks for a token that can prove nothing any more."""
    ways = ((TokenMethod.IRR, Check.OWNERSHIP_IRR), (TokenMethod.RDNS, Check.OWNERSHIP_RDNS))
    return tuple(
        Finding(check, _USELESS[reason], now)
        for way, check in ways
        if method in {TokenMethod.ANY, way}
    )


def unanswered(findings: Iterable[Finding]) -> bool:
    """Whether the run has to be tried again: a question that mattered has no answer."""
    outcomes = {finding.check: finding.outcome for finding in findings}
    ways = [outcomes.get(Check.OWNERSHIP_IRR), outcomes.get(Check.OWNERSHIP_RDNS)]
    if any(isinstance(one, Passed) for one in ways):
        outcomes.pop(Check.OWNERSHIP_IRR, None)
        outcomes.pop(Check.OWNERSHIP_RDNS, None)
    return any(isinstance(outcome, Unanswered) for outcome in outcomes.values())


def asked_again(findings: Iterable[Finding], at: datetime) -> tuple[Finding, ...]:
    """The findings as they are told where the run is tried again: what is unanswered says when."""
    when = f"It is asked again by itself at {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC."
    return tuple(
        replace(one, outcome=replace(one.outcome, fix=f"{one.outcome.fix} {when}"))
        if isinstance(one.outcome, Unanswered)
        else one
        for one in findings
    )


def result_of(findings: Sequence[Finding]) -> RunResult:
    """How a run ended that did not approve."""
    if unanswered(findings):
        return RunResult.UNANSWERED
    outcomes = {finding.check: finding.outcome for finding in findings}
    ways = [outcomes.pop(one, None) for one in (Check.OWNERSHIP_IRR, Check.OWNERSHIP_RDNS)]
    ownership = ownership_outcome([one for one in ways if one])
    failed = isinstance(ownership, Failed) or any(
        isinstance(outcome, Failed) for outcome in outcomes.values()
    )
    return RunResult.FAILED if failed else RunResult.PASSED
