"""Ask other places about what passed here, and judge what they saw as our own look is judged."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from byoip.domain.checks.evidence import Check, Failed, Finding, Passed, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.registry import Responsible
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.perspectives.quorum import Sighting, Subject, from_place, judge_places
from byoip.ports.checks.perspective import Perspective
from byoip.usecases.checks.ask_registries import AskRegistries
from byoip.usecases.checks.perspectives.elsewhere import Elsewhere, Seen
from byoip.usecases.checks.targets import CheckResult, CheckTarget

_OWNERSHIP: Final = frozenset({Check.OWNERSHIP_IRR, Check.OWNERSHIP_RDNS})
_IN_REGISTRY: Final = frozenset({Check.IRR, Check.OWNERSHIP_IRR})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every place is asked about.

    Attributes:
        wanted: the checks that passed here.
    """

    subject: CheckTarget
    responsible: Responsible | Failed | Unanswered
    registries: AskRegistries
    wanted: frozenset[Check]

    async def __call__(self, one: Perspective) -> Seen:
        """How each check ends by what this place says."""
        async with asyncio.TaskGroup() as tasks:
            zones = tasks.create_task(_zones(one, self))
            routes = tasks.create_task(_routes(one, self))
        return {**zones.result(), **routes.result()}


@dataclass(frozen=True, slots=True)
class Corroborate(Elsewhere):
    """What other places say of checks that passed here, in a validation run."""

    async def __call__(
        self,
        subject: CheckTarget,
        responsible: Responsible | Failed | Unanswered,
        registries: AskRegistries,
        results: Sequence[CheckResult],
    ) -> list[CheckResult]:
        """The results, with what other places make of them; asked where a token has proven."""
        findings = [one for result in results for one in result.findings]
        passed = frozenset(one.check for one in findings if isinstance(one.outcome, Passed))
        sightings: Mapping[str, Sequence[Sighting]] = {}
        if subject.token and passed & _OWNERSHIP:
            others = [one for result in results for one in result.other_origins]
            origins = {subject.origin, *(one.asn for one in (*others, *subject.roa_origins))}
            carrying = frozenset(one.number for one in origins)
            wanted = passed & (_OWNERSHIP | _IN_REGISTRY)
            about = _Asked(subject, responsible, registries, wanted)
            of = Subject(subject.claim_id or subject.account_id, str(subject.prefix))
            sightings = await self.everywhere(of, about, wanted, carrying, subject.until)
        return [self._judged(one, sightings) for one in results]

    def _judged(
        self, result: CheckResult, sightings: Mapping[str, Sequence[Sighting]]
    ) -> CheckResult:
        findings = (self._finding(one, sightings.get(one.check, ())) for one in result.findings)
        return replace(result, findings=tuple(findings))

    def _finding(self, one: Finding, sightings: Sequence[Sighting]) -> Finding:
        alone = not sightings and one.check not in _OWNERSHIP
        if alone or not isinstance(one.outcome, Passed):
            return one
        outcome = judge_places(one.outcome, sightings, decide=self.decide)
        theirs = [exhibit for sighting in sightings for exhibit in sighting.exhibits]
        return replace(one, outcome=outcome, exhibits=(*one.exhibits, *theirs))


async def _zones(one: Perspective, about: _Asked) -> Seen:
    subject = about.subject
    if Check.OWNERSHIP_RDNS not in about.wanted or subject.token is None:
        return {}
    label = about.registries.label
    zones = reverse_zones(subject.prefix)
    seen = await asyncio.gather(*(one.observe(at, label, subject.account_id) for at in zones))
    exhibits = from_place([exhibit for at in seen for exhibit in at.exhibits], one.place)
    return {Check.OWNERSHIP_RDNS: (judge_zones(seen, subject.token.value), exhibits)}


async def _routes(one: Perspective, about: _Asked) -> Seen:
    if not about.wanted & _IN_REGISTRY:
        return {}
    asked = replace(about.registries, registry=one)
    result = await asked(about.subject, about.responsible)
    return {
        finding.check: (finding.outcome, from_place(finding.exhibits, one.place))
        for finding in result.findings
        if finding.check in about.wanted
    }
