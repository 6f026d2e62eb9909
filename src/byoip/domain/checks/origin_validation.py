"""Origin validation exactly as RFC 6811 says it, and what the rpki check makes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from byoip.domain.asn import AS0, Asn
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.registries.remedies import ROA, roa_to_publish
from byoip.domain.claims.claim import MOST_OTHERS
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.prefix import Prefix

# The holder of space may publish any number of ROAs for it, and each costs whatever reads them.
# Where more cover a prefix there is no verdict: that takes no route away.
MOST_COVERING: Final = 200
TOO_MANY_COVER: Final = f"more than {MOST_COVERING} ROAs cover it: remove those that are not needed"
_MOST_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Vrp:
    """A validated ROA payload (RFC 6811, section 2).

    Attributes:
        anchor: trust anchor it came from, as rpki-client names it: afrinic, apnic, ...
        expires_at: when the chain behind it ends; None where the source does not say.
    """

    prefix: Prefix
    max_length: int
    asn: Asn
    anchor: str
    expires_at: datetime | None = None

    def covers(self, route: Prefix) -> bool:
        """Whether the route's prefix lies inside, whatever its length (RFC 6811, section 2)."""
        return self.prefix.covers(route)

    def matches(self, route: Prefix, origin: Asn) -> bool:
        """Whether it authorises the route."""
        # AS0 promises that no AS originates this: covers, never matches (RFC 6483, section 4).
        return (
            self.covers(route)
            and route.length <= self.max_length
            and self.asn == origin
            and origin != AS0
        )

    def expired(self, now: datetime) -> bool:
        """Whether it may no longer be used."""
        return self.expires_at is not None and self.expires_at <= now


class Validity(StrEnum):
    """RFC 6811, section 2."""

    VALID = "valid"
    INVALID = "invalid"
    NOT_FOUND = "not_found"


class InvalidBecause(StrEnum):
    """What stood in the way, in the order in which a customer fixes it."""

    LENGTH = "length"  # a VRP of this origin, but the route is longer than its max length
    ORIGIN = "origin"  # VRPs of other origins only
    AS0 = "as0"  # VRPs of AS0 only


@dataclass(frozen=True, slots=True)
class RouteValidity:
    """The verdict on one route, and the VRPs that decided it.

    Attributes:
        deciding: valid: the VRPs that match; invalid: all that cover; else none.
        expired_would_match: expired VRPs that would have made it valid.
    """

    validity: Validity
    because: InvalidBecause | None = None
    deciding: tuple[Vrp, ...] = ()
    expired_would_match: tuple[Vrp, ...] = ()


def validate_origin(
    route: Prefix, origin: Asn, vrps: Iterable[Vrp], *, now: datetime
) -> RouteValidity:
    """Judge a route by all VRPs at hand (RFC 6811, section 2). Expired VRPs do not count.

    One match makes it valid, however many others cover it.
    """
    covering = [vrp for vrp in vrps if vrp.covers(route)]
    current = [vrp for vrp in covering if not vrp.expired(now)]
    matching = tuple(vrp for vrp in current if vrp.matches(route, origin))
    if matching:
        return RouteValidity(Validity.VALID, deciding=matching)
    expired = tuple(vrp for vrp in covering if vrp.expired(now) and vrp.matches(route, origin))
    if not current:
        return RouteValidity(Validity.NOT_FOUND, expired_would_match=expired)
    return RouteValidity(Validity.INVALID, _because(current, origin), tuple(current), expired)


def valid_until(
    route: Prefix, origin: Asn, vrps: Iterable[Vrp], *, now: datetime
) -> datetime | None:
    """When the last ROA that makes a route valid ends; None: none does, or one without an end."""
    verdict = validate_origin(route, origin, vrps, now=now)
    matching = verdict.deciding if verdict.validity is Validity.VALID else ()
    ends = [one.expires_at for one in matching if one.expires_at is not None]
    return max(ends) if ends and len(ends) == len(matching) else None


def _because(covering: list[Vrp], origin: Asn) -> InvalidBecause:
    if origin != AS0 and any(vrp.asn == origin for vrp in covering):
        return InvalidBecause.LENGTH
    if all(vrp.asn == AS0 for vrp in covering):
        return InvalidBecause.AS0
    return InvalidBecause.ORIGIN


def roa_warnings(route: Prefix, matching: Iterable[Vrp]) -> tuple[str, ...]:
    """Say where a ROA authorises more than will be announced (RFC 9319, section 3)."""
    return tuple(
        f"The ROA for {vrp.prefix} up to /{vrp.max_length} from {vrp.asn} authorises more than "
        f"{route}: a forged-origin sub-prefix hijack could use the rest. A minimal ROA is safer "
        "(RFC 9319)."
        for vrp in matching
        if vrp.max_length > route.length or vrp.prefix.length < route.length
    )


_REASONS = {
    InvalidBecause.LENGTH: Reason.ROA_MAX_LENGTH,
    InvalidBecause.ORIGIN: Reason.ROA_OTHER_ORIGIN,
    InvalidBecause.AS0: Reason.ROA_AS0,
}


def judge_roas(
    prefix: Prefix,
    origin: Asn,
    covering: Sequence[Vrp],
    *,
    now: datetime,
    others: Sequence[OtherOrigin] = (),
) -> Outcome:
    """Judge the route by what covers it; `others` are other origins known for the space.

    Where only an expired ROA would have made it valid there is no answer: the next snapshot
    holds its renewal, or shows that it is gone.
    """
    verdict = validate_origin(prefix, origin, covering, now=now)
    if verdict.validity is Validity.VALID:
        shown = verdict.deciding[:_MOST_SHOWN]
        seen = "; ".join(_text(vrp) for vrp in shown)
        return Passed(f"Valid by {seen}.", roa_warnings(prefix, shown))
    if verdict.expired_would_match:
        seen = "; ".join(_text(vrp) for vrp in verdict.expired_would_match[:_MOST_SHOWN])
        return Unanswered(Fault.EXPIRED_ROA, f"Only expired ROAs make it valid: {seen}.")
    return _failed(prefix, verdict, roa_to_publish(prefix, origin, others))


def _failed(prefix: Prefix, verdict: RouteValidity, fix: str) -> Failed:
    if verdict.because is None:
        return Failed(Reason.ROA_MISSING, f"No ROA covers {prefix}.", fix)
    seen = "; ".join(_text(vrp) for vrp in verdict.deciding[:_MOST_SHOWN])
    return Failed(_REASONS[verdict.because], f"{prefix} is invalid by {seen}.", fix)


def roa_origins(vrps: Sequence[Vrp], origin: Asn, *, now: datetime) -> tuple[OtherOrigin, ...]:
    """Other origins that ROAs name for the space, without AS0, which originates nothing."""
    others = {
        OtherOrigin(vrp.asn, vrp.prefix, ROA)
        for vrp in vrps
        if vrp.asn not in {origin, AS0} and not vrp.expired(now)
    }
    return tuple(sorted(others, key=lambda one: (one.asn, one.prefix))[:MOST_OTHERS])


def _text(vrp: Vrp) -> str:
    return f"ROA {vrp.prefix} max /{vrp.max_length} {vrp.asn} ({vrp.anchor})"
