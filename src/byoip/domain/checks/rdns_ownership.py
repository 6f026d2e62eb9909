"""Do the reverse zones of a prefix carry the token? Pure: it judges what was observed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from byoip.domain.checks.evidence import (
    Failed,
    Fault,
    Outcome,
    Passed,
    Reason,
    ShownBy,
    Unanswered,
)
from byoip.domain.checks.reverse_dns.advice import bare, differences
from byoip.domain.checks.reverse_dns.observation import (
    Alias,
    DelegatedAway,
    NeverContacted,
    ServerAnswer,
    Silent,
    TxtValues,
    ZoneObservation,
    ZoneSecurity,
)
from byoip.domain.checks.reverse_dns.registry_zones import is_registrys
from byoip.domain.checks.reverse_dns.unsigned_zone import (
    among,
    elsewhere,
    judge_unsigned,
    lacking,
    refuse,
)
from byoip.domain.checks.reverse_zone import txt_line
from byoip.domain.foreign_text import MOST_LISTED, enumerated

# What to do, in the order in which it must be done: the first that applies names the verdict.
_REMEDIES: Final = {
    Reason.DNSSEC_BOGUS: "Fix the zone's DNSSEC signatures, or its DS record at the parent.",
    Reason.ALIAS_IN_ANSWER: "Put the TXT record itself at this name, with no CNAME, DNAME or "
    "delegation (NS) on the way: otherwise the owner of the target could prove your space.",
    Reason.ZONE_NOT_DELEGATED: "Ask the registry for reverse delegation of {zones} to your name "
    "servers: with a `domain` object where the registry has those (AFRINIC, APNIC, RIPE), in its "
    "portal elsewhere (ARIN, LACNIC).",
    Reason.SERVER_REFUSED_BY_POLICY: "Serve the zone from public addresses: more than half of its "
    "name servers, and at least two unless it has only one.",
    Reason.SERVERS_CONTRADICT: "Wait until every name server of the zone serves the record, or "
    "fix the transfer to those that do not.",
    Reason.TOKEN_OTHER: "Publish this, in place of what stands there:",
    Reason.TOKEN_NOT_IN_EVERY_ZONE: "Publish this as well; leave the others in place:",
    Reason.TOKEN_MISSING: "Publish this:",
}
_TO_PUBLISH: Final = {Reason.TOKEN_OTHER, Reason.TOKEN_MISSING, Reason.ZONE_NOT_DELEGATED}
_PUBLISHING: Final = {Reason.TOKEN_OTHER, Reason.TOKEN_MISSING, Reason.TOKEN_NOT_IN_EVERY_ZONE}

_RESOLVER: Final = "The operator's resolver gave no answer: tell the operator if this lasts."
_BEHIND_RESOLVER: Final = (
    "The operator's resolver got no good answer from the zone's name servers: let each of those "
    "that the registry names answer for the zone, over UDP and TCP, with its DNSSEC records if it "
    "is signed, and have the others removed at the registry."
)

_Verdicts = Sequence[tuple[ZoneObservation, Outcome]]


def judge_zones(observations: Sequence[ZoneObservation], token: str) -> Outcome:
    """Judge whether every zone carries the token, as seen in one run.

    A zone that says no decides, however many others could not be asked: asking those again would
    not help. No zones at all prove nothing.
    """
    if not observations:
        return Unanswered(Fault.NOT_ASKED, "No zone was asked.")
    verdicts = [(one, _judge_zone(one, token)) for one in observations]
    failed = [(one, verdict) for one, verdict in verdicts if isinstance(verdict, Failed)]
    passed = enumerated(bare(one.zone.name) for one, end in verdicts if isinstance(end, Passed))
    differing = _differences(observations)
    if failed:
        refused = _refuse(failed, token, passed)
        return replace(refused, fix="\n".join([refused.fix, *differing]))
    silent = [verdict for _, verdict in verdicts if isinstance(verdict, Unanswered)]
    if silent:
        fixes = dict.fromkeys([*(one.fix for one in silent), *differing])
        return Unanswered(
            silent[0].fault, f"{_seen(verdicts, Unanswered)}.", "\n".join([*fixes][:MOST_LISTED])
        )
    vouching = [_vouching(one) for one in observations]
    by = frozenset(name.lower() for names in vouching for name in names if all(vouching))
    return Passed(f"The token stands in {passed}.", tuple(differing), by, _shown_by(verdicts))


def _vouching(observed: ZoneObservation) -> tuple[str, ...]:
    """The servers to which a registry delegates this very zone; of a signed one they are not known.

    Who has a zone above it that is no registry's delegates it anywhere, by itself.
    """
    cut = observed.delegation
    if cut is None or cut.zone != observed.zone.name or not is_registrys(cut.parent):
        return ()
    return cut.named


def _shown_by(verdicts: _Verdicts) -> tuple[ShownBy, ...]:
    """Who showed the token: of unsigned zones the name servers that count."""
    return ShownBy.merged(
        (bare(one.zone.name), tuple(sorted(map(bare, verdict.by))))
        for one, verdict in verdicts
        if isinstance(verdict, Passed)
    )


def _refuse(failed: list[tuple[ZoneObservation, Failed]], token: str, passed: str) -> Failed:
    """One verdict on all zones: the reason to fix first, every zone named."""
    reasons = {verdict.reason for _, verdict in failed}
    reason = next(one for one in _REMEDIES if one in reasons)
    seen = _seen(failed, Failed)
    if reason is Reason.TOKEN_MISSING and passed:
        reason = Reason.TOKEN_NOT_IN_EVERY_ZONE
        seen = f"{seen}; the token stands in {passed}"
    steps = [reason, *({Reason.ZONE_NOT_DELEGATED} & reasons - {reason})]
    lines = [txt_line(one.owner, token) for one, verdict in failed if verdict.reason in _TO_PUBLISH]
    if lines and reason not in _PUBLISHING:
        steps.append(Reason.TOKEN_MISSING)
    zones = enumerated(
        bare(one.zone.name) for one, end in failed if end.reason is Reason.ZONE_NOT_DELEGATED
    )
    remedies = [_REMEDIES[step].format(zones=zones) for step in steps]
    return Failed(reason, f"{seen}.", "\n".join([*remedies, *lines]))


def _seen(verdicts: _Verdicts, end: type[Failed | Unanswered]) -> str:
    return enumerated(
        f"{bare(one.zone.name)} {verdict.seen}"
        for one, verdict in verdicts
        if isinstance(verdict, end)
    )


def _differences(observations: Sequence[ZoneObservation]) -> list[str]:
    """Where parents and children name other servers; a delegation of many zones once."""
    each = [text for one in observations for text in differences(one.delegation)]
    return [*dict.fromkeys(each)][:MOST_LISTED]


def _judge_zone(observed: ZoneObservation, token: str) -> Outcome:
    match observed.security:
        case ZoneSecurity.BOGUS:
            return refuse(Reason.DNSSEC_BOGUS, "is signed, and its signatures do not hold")
        case ZoneSecurity.UNKNOWN:
            return _unknown(observed.resolver)
        case ZoneSecurity.SECURE:
            return _judge_signed(observed, token)
        case ZoneSecurity.INSECURE:
            return judge_unsigned(observed, token)


def _unknown(said: ServerAnswer) -> Unanswered:
    seen = "is not known to be signed or unsigned"
    if not isinstance(said, Silent):
        return Unanswered(Fault.SERVER_FAILURE, seen, _RESOLVER)
    return Unanswered(said.fault, f"{seen} ({said.detail})", _fix_of(said.fault))


def _fix_of(fault: Fault) -> str:
    behind = fault in {Fault.SERVER_FAILURE, Fault.LAME}
    return _BEHIND_RESOLVER if behind else _RESOLVER


def _judge_signed(observed: ZoneObservation, token: str) -> Outcome:
    answer = observed.resolver
    match answer:
        case TxtValues(values):
            if among(token, values):
                return Passed("carries the token")
            return lacking(values, observed.registry_zone)
        case Alias() | DelegatedAway():
            return elsewhere(answer)
        case Silent(fault, detail):
            seen = f"is signed, but the resolver gave no answer: {detail}"
            return Unanswered(fault, seen, _fix_of(fault))
        case NeverContacted(why):
            return Unanswered(Fault.NOT_ASKED, f"is signed, but was not asked for: {why}")
