"""Do the reverse zones of a prefix carry the token? Pure: it judges what was observed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from byoip.domain.checks.evidence import (
    Failed,
    Fault,
    Outcome,
    Passed,
    RawAnswer,
    Reason,
    Unanswered,
)
from byoip.domain.checks.reverse_zone import ReverseZone, txt_line
from byoip.domain.claims.ownership_token import same_token
from byoip.domain.foreign_text import enumerated, listed, shown


class ZoneSecurity(StrEnum):
    """What the operator's validating resolver says about a zone (RFC 4033, section 5)."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    UNKNOWN = "unknown"  # the resolver did not answer


@dataclass(frozen=True, slots=True)
class TxtValues:
    """TXT records at the owner name: each value with its strings joined; none: a true denial."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """The answer went through a CNAME or DNAME."""

    target: str


@dataclass(frozen=True, slots=True)
class Silent:
    """No usable answer: time-out, refusal, not authoritative, not DNS."""

    fault: Fault
    detail: str


@dataclass(frozen=True, slots=True)
class NeverContacted:
    """An address that our network policy does not let us contact."""

    why: str


ServerAnswer = TxtValues | Alias | Silent | NeverContacted


@dataclass(frozen=True, slots=True)
class ServerObservation:
    """What one address of one of the zone's name servers answered, asked directly."""

    server: str
    address: str
    answer: ServerAnswer


@dataclass(frozen=True, slots=True)
class ZoneObservation:
    """What was seen of one zone.

    Attributes:
        resolver: the validating resolver's answer for the owner name; its AD bit is `security`.
        servers: the authoritative servers, asked directly (empty where the zone is secure).
    """

    zone: ReverseZone
    owner: str
    security: ZoneSecurity
    resolver: ServerAnswer
    servers: tuple[ServerObservation, ...]
    exhibits: tuple[RawAnswer, ...]


# What to do, in the order in which it must be done: the first that applies names the verdict.
_REMEDIES: Final = {
    Reason.DNSSEC_BOGUS: "Fix the zone's DNSSEC signatures, or its DS record at the parent.",
    Reason.ALIAS_IN_ANSWER: "Put the TXT record itself at this name, with no CNAME or DNAME on "
    "the way: otherwise the owner of the target could prove your space.",
    Reason.SERVER_REFUSED_BY_POLICY: "Serve the zone from public addresses, at least two unless "
    "it has only one.",
    Reason.SERVERS_CONTRADICT: "Wait until every name server of the zone serves the record, or "
    "fix the transfer to those that do not.",
    Reason.TOKEN_OTHER: "Publish this, in place of what stands there:",
    Reason.TOKEN_NOT_IN_EVERY_ZONE: "Publish this as well; leave the others in place:",
    Reason.TOKEN_MISSING: "Publish this:",
}
_TO_PUBLISH: Final = {Reason.TOKEN_OTHER, Reason.TOKEN_MISSING}


def judge_zones(observations: Sequence[ZoneObservation], token: str) -> Outcome:
    """Judge whether every zone carries the token, as seen in one run.

    A zone that says no decides, however many others could not be asked: asking those again would
    not help. No zones at all prove nothing.
    """
    if not observations:
        return Unanswered(Fault.NOT_ASKED, "No zone was asked.")
    verdicts = [(one, _judge_zone(one, token)) for one in observations]
    failed = [(one, verdict) for one, verdict in verdicts if isinstance(verdict, Failed)]
    passed = enumerated(_bare(one) for one, verdict in verdicts if isinstance(verdict, Passed))
    if failed:
        return _refuse(failed, token, passed)
    silent = [(one, verdict) for one, verdict in verdicts if isinstance(verdict, Unanswered)]
    if silent:
        seen = enumerated(f"{_bare(one)} {verdict.seen}" for one, verdict in silent)
        return Unanswered(silent[0][1].fault, f"{seen}.")
    return Passed(f"The token stands in {passed}.")


def _refuse(failed: list[tuple[ZoneObservation, Failed]], token: str, passed: str) -> Failed:
    """One verdict on all zones: the reason to fix first, every zone named."""
    reasons = {verdict.reason for _, verdict in failed}
    reason = next(one for one in _REMEDIES if one in reasons)
    seen = enumerated(f"{_bare(one)} {verdict.seen}" for one, verdict in failed)
    if reason is Reason.TOKEN_MISSING and passed:
        reason = Reason.TOKEN_NOT_IN_EVERY_ZONE
        seen = f"{seen}; the token stands in {passed}"
    lines = [txt_line(one.owner, token) for one, verdict in failed if verdict.reason in _TO_PUBLISH]
    if lines and reason not in {*_TO_PUBLISH, Reason.TOKEN_NOT_IN_EVERY_ZONE}:
        lines.insert(0, _REMEDIES[Reason.TOKEN_MISSING])
    return Failed(reason, f"{seen}.", "\n".join([_REMEDIES[reason], *lines]))


def _bare(observed: ZoneObservation) -> str:
    return observed.zone.name.removesuffix(".")  # so that a sentence does not end in two dots


def _judge_zone(observed: ZoneObservation, token: str) -> Outcome:
    match observed.security:
        case ZoneSecurity.BOGUS:
            return _no(Reason.DNSSEC_BOGUS, "is signed, and its signatures do not hold")
        case ZoneSecurity.UNKNOWN:
            said = observed.resolver
            fault = said.fault if isinstance(said, Silent) else Fault.SERVER_FAILURE
            return Unanswered(fault, "is not known to be signed or unsigned")
        case ZoneSecurity.SECURE:
            return _judge_signed(observed.resolver, token)
        case ZoneSecurity.INSECURE:
            return _judge_unsigned(observed.servers, token)


def _judge_signed(answer: ServerAnswer, token: str) -> Outcome:
    match answer:
        case TxtValues(values):
            return Passed("carries the token") if _among(token, values) else _lacking(values)
        case Alias(target):
            return _alias(target)
        case Silent(fault, detail):
            return Unanswered(fault, f"is signed, but the resolver gave no answer: {detail}")
        case NeverContacted(why):
            return Unanswered(Fault.NOT_ASKED, f"is signed, but was not asked for: {why}")


def _judge_unsigned(servers: Sequence[ServerObservation], token: str) -> Outcome:
    """All addresses together; one address with two server names counts once."""
    aliases = [one.answer.target for one in servers if isinstance(one.answer, Alias)]
    if aliases:
        return _alias(aliases[0])
    values = {one: one.answer.values for one in servers if isinstance(one.answer, TxtValues)}
    yes = {one.address for one, found in values.items() if _among(token, found)}
    no = {one.address: found for one, found in values.items() if not _among(token, found)}
    if yes and no:
        return _no(Reason.SERVERS_CONTRADICT, f"carries the token, but not at {listed(no)}")
    if no:
        return _lacking(value for found in no.values() for value in found)
    return _enough(servers, yes)


def _enough(servers: Sequence[ServerObservation], yes: set[str]) -> Outcome:
    """Whether enough addresses answered, where all that did said yes."""
    known = {one.address for one in servers}
    avoided = {one.address for one in servers if isinstance(one.answer, NeverContacted)}
    needed = min(2, len(known))
    if not known:
        return Unanswered(Fault.LAME, "has no name server with an address")
    if len(known - avoided) < needed:
        seen = f"has addresses that we never contact: {listed(sorted(avoided))}"
        return _no(Reason.SERVER_REFUSED_BY_POLICY, seen)
    silent = known - avoided - yes
    if len(yes) >= needed and 2 * len(silent) <= len(known - avoided):
        return Passed("carries the token")
    faults = [one.answer for one in servers if isinstance(one.answer, Silent)]
    seen = f"answered at {len(yes)} of {len(known - avoided)} addresses: {faults[0].detail}"
    return Unanswered(faults[0].fault, seen)


def _among(token: str, values: Iterable[str]) -> bool:
    return any(same_token(value, token) for value in values)


def _lacking(values: Iterable[str]) -> Failed:
    found = listed(values)
    if found:
        return _no(Reason.TOKEN_OTHER, f"has other text there: {found}")
    return _no(Reason.TOKEN_MISSING, "has no TXT record there")


def _alias(target: str) -> Failed:
    return _no(Reason.ALIAS_IN_ANSWER, f"has an alias there, to {shown(target.removesuffix('.'))}")


def _no(reason: Reason, seen: str) -> Failed:
    return Failed(reason, seen, "")  # what to do is said once for all zones
