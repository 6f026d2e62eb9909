"""Ask other places about what passed here, and judge what they saw as our own look is judged."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from byoip.domain.checks.evidence import (
    Check,
    Failed,
    Fault,
    Finding,
    Outcome,
    Passed,
    RawAnswer,
    Unanswered,
)
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.registry import Responsible
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.perspectives.place import Place
from byoip.domain.perspectives.quorum import Sighting, enough, from_place, judge_places
from byoip.ports.checks.perspective import Perspective
from byoip.usecases.checks.ask_registries import AskRegistries
from byoip.usecases.checks.targets import CheckResult, CheckTarget

_OWNERSHIP: Final = frozenset({Check.OWNERSHIP_IRR, Check.OWNERSHIP_RDNS})
_IN_REGISTRY: Final = frozenset({Check.IRR, Check.OWNERSHIP_IRR})
_STRAGGLERS: Final = 2.0  # seconds that the last are waited for once enough agree
_LATE: Final = Unanswered(Fault.TIMEOUT, "It did not say what it saw in time.")
_BROKEN: Final = Unanswered(Fault.GARBAGE, "What it saw could not be judged.")
_log = logging.getLogger(__name__)

_Seen = Mapping[Check, tuple[Outcome, tuple[RawAnswer, ...]]]
_NOTHING: Final[tuple[RawAnswer, ...]] = ()
Notice = Callable[[Mapping[Check, Sequence[Sighting]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every place is asked about.

    Attributes:
        wanted: the checks that passed here.
        carrying: numbers of the ASes that carry the prefix.
    """

    subject: CheckTarget
    responsible: Responsible | Failed | Unanswered
    registries: AskRegistries
    wanted: frozenset[Check]
    carrying: frozenset[int]


@dataclass(frozen=True, slots=True)
class Corroborate:
    """What other places say of checks that passed here. Without places it says that there are none.

    Attributes:
        perspectives: all that are configured.
        decide: False: they are asked, and change no outcome.
        patience: seconds for all of them.
        notice: told how each check ended at each place.
    """

    perspectives: Sequence[Perspective] = ()
    decide: bool = False
    patience: float = 30.0
    notice: Notice | None = None

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
        sightings: Mapping[Check, Sequence[Sighting]] = {}
        if self.perspectives and subject.token and passed & _OWNERSHIP:
            others = [one for result in results for one in result.other_origins]
            origins = {subject.origin, *(one.asn for one in (*others, *subject.roa_origins))}
            carrying = frozenset(one.number for one in origins)
            wanted = passed & (_OWNERSHIP | _IN_REGISTRY)
            about = _Asked(subject, responsible, registries, wanted, carrying)
            sightings = await self._everywhere(about)
            if self.notice:
                await self.notice(sightings)
        return [self._judged(one, sightings) for one in results]

    def _judged(
        self, result: CheckResult, sightings: Mapping[Check, Sequence[Sighting]]
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

    async def _everywhere(self, about: _Asked) -> Mapping[Check, Sequence[Sighting]]:
        """What each place says of each check; one that is too late says nothing."""
        now = asyncio.get_running_loop().time
        until = min(now() + self.patience, about.subject.until or math.inf)
        found: dict[Place, _Seen] = {}

        async def ask(one: Perspective) -> None:
            found[one.place] = await _seen_from(one, about)

        tasks = [asyncio.create_task(ask(one)) for one in self.perspectives]
        try:
            pending = set(tasks)
            while pending and (left := until - now()) > 0:
                _, pending = await asyncio.wait(
                    pending, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                if pending and self._agreed(found, about.wanted):
                    until = min(until, now() + _STRAGGLERS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        late = dict.fromkeys(about.wanted, (_LATE, _NOTHING))
        places = [one.place for one in self.perspectives]
        return {
            check: [Sighting(place, *found.get(place, late)[check]) for place in places]
            for check in about.wanted
        }

    def _agreed(self, found: Mapping[Place, _Seen], wanted: frozenset[Check]) -> bool:
        many = len(self.perspectives)
        return all(
            enough([at for at, of in found.items() if isinstance(of[check][0], Passed)], many)
            for check in wanted
        )


async def _seen_from(one: Perspective, about: _Asked) -> _Seen:
    """How each check ends by what this place says, whatever that is."""
    if one.place.asn in about.carrying:
        why = f"It stands in AS{one.place.asn}, which carries the prefix, and is not asked."
        return dict.fromkeys(about.wanted, (Unanswered(Fault.NOT_ASKED, why), _NOTHING))
    try:
        async with asyncio.TaskGroup() as tasks:
            zones = tasks.create_task(_zones(one, about))
            routes = tasks.create_task(_routes(one, about))
    except Exception:  # noqa: BLE001 - what another place says ends no run
        _log.exception("what %s saw of %s was not judged", one.place.name, about.subject.prefix)
        return dict.fromkeys(about.wanted, (_BROKEN, _NOTHING))
    silent = dict.fromkeys(about.wanted, (_BROKEN, _NOTHING))
    return {**silent, **zones.result(), **routes.result()}


async def _zones(one: Perspective, about: _Asked) -> _Seen:
    subject = about.subject
    if Check.OWNERSHIP_RDNS not in about.wanted or subject.token is None:
        return {}
    label = about.registries.label
    zones = reverse_zones(subject.prefix)
    seen = await asyncio.gather(*(one.observe(at, label, subject.account_id) for at in zones))
    exhibits = from_place([exhibit for at in seen for exhibit in at.exhibits], one.place)
    return {Check.OWNERSHIP_RDNS: (judge_zones(seen, subject.token.value), exhibits)}


async def _routes(one: Perspective, about: _Asked) -> _Seen:
    if not about.wanted & _IN_REGISTRY:
        return {}
    asked = replace(about.registries, registry=one)
    result = await asked(about.subject, about.responsible)
    return {
        finding.check: (finding.outcome, from_place(finding.exhibits, one.place))
        for finding in result.findings
        if finding.check in about.wanted
    }
