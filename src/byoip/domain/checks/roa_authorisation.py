"""Does a ROA let the operator originate the prefix? RFC 6811's answer, with the fix."""

from collections.abc import Sequence
from datetime import datetime

from byoip.domain.asn import AS0, Asn
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.origin_validation import (
    InvalidBecause,
    RouteValidity,
    Validity,
    Vrp,
    roa_warnings,
    validate_origin,
)
from byoip.domain.claims.claim import OtherOrigin
from byoip.domain.prefix import Prefix

_REASONS = {
    InvalidBecause.LENGTH: Reason.ROA_MAX_LENGTH,
    InvalidBecause.ORIGIN: Reason.ROA_OTHER_ORIGIN,
    InvalidBecause.AS0: Reason.ROA_AS0,
}


def judge_roas(prefix: Prefix, origin: Asn, covering: Sequence[Vrp], *, now: datetime) -> Outcome:
    """Judge the route by what covers it.

    Where only an expired ROA would have made it valid there is no answer: the next snapshot
    holds its renewal, or shows that it is gone.
    """
    verdict = validate_origin(prefix, origin, covering, now=now)
    if verdict.validity is Validity.VALID:
        seen = "; ".join(_text(vrp) for vrp in verdict.deciding)
        return Passed(f"Valid by {seen}.", roa_warnings(prefix, verdict.deciding))
    if verdict.expired_would_match:
        seen = "; ".join(_text(vrp) for vrp in verdict.expired_would_match)
        return Unanswered(Fault.EXPIRED_ROA, f"Only expired ROAs make it valid: {seen}.")
    return _failed(prefix, origin, verdict)


def _failed(prefix: Prefix, origin: Asn, verdict: RouteValidity) -> Failed:
    fix = (
        f"Publish a ROA at the registry of the space: prefix {prefix}, origin {origin}, "
        f"max length {prefix.length}."
    )
    if verdict.because is None:
        return Failed(Reason.ROA_MISSING, f"No ROA covers {prefix}.", fix)
    seen = "; ".join(_text(vrp) for vrp in verdict.deciding[:10])
    return Failed(_REASONS[verdict.because], f"{prefix} is invalid by {seen}.", fix)


def roa_origins(vrps: Sequence[Vrp], origin: Asn, *, now: datetime) -> tuple[OtherOrigin, ...]:
    """Other origins that ROAs name for the space, without AS0, which originates nothing."""
    others = {
        OtherOrigin(vrp.asn, vrp.prefix, "ROA")
        for vrp in vrps
        if vrp.asn not in {origin, AS0} and not vrp.expired(now)
    }
    return tuple(sorted(others, key=lambda one: (one.asn, one.prefix)))


def _text(vrp: Vrp) -> str:
    return f"ROA {vrp.prefix} max /{vrp.max_length} {vrp.asn} ({vrp.anchor})"
