"""What checks of a prefix saw, and what is to be published for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from byoip.domain.checks.evidence import Check, Failed, Finding, Passed, Unanswered
from byoip.domain.checks.registries.remedies import roa_to_publish, route_object_text, token_line
from byoip.domain.checks.reverse_zone import reverse_zones, txt_lines
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.store.claims.views import ClaimView
from byoip.web.visiting import PersonsVisit

_CHECKS: Final[Mapping[Check, str]] = {
    Check.REGISTRATION: "Registration: which registry is responsible",
    Check.IRR: "Route object",
    Check.RPKI: "ROA",
    Check.OWNERSHIP_IRR: "Token in the route object",
    Check.OWNERSHIP_RDNS: "Token in reverse DNS",
}


@dataclass(frozen=True, slots=True)
class Text:
    """Something to publish, complete, as it is to be pasted.

    Attributes:
        blocker: the name of what it clears, until it was looked for the first time.
    """

    id: str
    blocker: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class CheckShown:
    """How a check ended the last time it was asked, and whom.

    Attributes:
        reason: why it failed, by its name; else empty.
    """

    name: str
    end: str
    tone: str
    finding: Finding
    fix: str
    whom: Sequence[str]
    reason: str


def texts_of(visit: PersonsVisit, view: ClaimView) -> Sequence[Text]:
    """What is to be published for a prefix, with the token where that is in force."""
    claim, token, advice = view.claim, view.token, visit.site.advice
    registry = advice.registries.get(claim.registry or "")
    usable = token is not None and token.usable(visit.now)
    line, made = None, []
    if usable and token is not None and token.serves(TokenMethod.IRR):
        line = token_line(advice.label, token.value)
    if usable and token is not None and token.serves(TokenMethod.RDNS):
        lines = "\n".join(txt_lines(reverse_zones(claim.prefix), advice.label, token.value))
        made.append(
            Text(
                "rdns",
                "ownership_pending",
                "Reverse DNS, a line for each zone (proves ownership)",
                lines,
            )
        )
    if registry is not None and registry.offers_route_objects and not registry.objects_from_roas:
        text = route_object_text(claim.prefix, claim.asn, registry, line)
        made.append(Text("irr", "irr_pending", f"Route object, in {registry.source}", text))
    roa = roa_to_publish(claim.prefix, claim.asn, claim.other_origins)
    if claim.approved:  # the ROA is watched apart
        return made
    return [*made, Text("roa", "rpki_pending", "ROA, at the registry of the space", roa)]


def checks_shown(
    findings: Sequence[Finding], asked: Mapping[Check, Sequence[str]]
) -> Sequence[CheckShown]:
    """Checks as tables show them; asked names whom, where that is known."""
    made = []
    # As it is approved a check may be looked at once more: said twice it is no other finding.
    once = {(one.check, one.outcome): one for one in findings}
    for finding in once.values():
        reason = ""
        match finding.outcome:
            case Passed():
                end, tone, fix = "passed", "good", ""
            case Failed(reason=reason, fix=fix):
                end, tone = "failed", "bad"
            case Unanswered(fix=fix):
                end, tone = "unanswered", "wait"
        name, whom = _CHECKS[finding.check], asked.get(finding.check, ())
        made.append(CheckShown(name, end, tone, finding, fix, whom, reason))
    return made
