"""Are a route object and reverse zones as they were, as seen from one place: here, or another?

With three ends, as checks have them: what could not be asked says nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from byoip.domain.checks.address_holder import judge_holder
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.irr_authorisation import RouteVerdict, judge_routes
from byoip.domain.checks.registries.covering_routes import judge_covering
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.reverse_dns.observation import DelegationSeen
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.domain.watch.records import same_maintainers
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import judge_delegations
from byoip.ports.checks.perspective import Perspective
from byoip.ports.checks.registry import Found, Lookup, NoAnswer, RegistryQuestion, RouteRegistry
from byoip.ports.threads import in_thread
from byoip.usecases.watch.watcher import WATCHER, watcher_of

_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class AsBefore:
    """What is compared, with what stood there before.

    Attributes:
        route: the signal of the route object; None: none was ever seen.
        delegated: that of the reverse zones.
        zones: those that are looked at.
        label: before zones, of which a look asks a text.
    """

    claim: Claim
    registry: Registry
    route: Watch | None
    delegated: Watch | None
    zones: Sequence[ReverseZone]
    label: str

    async def route_from(self, place: Perspective) -> Outcome:
        """Of the route object, by what a place sees at the registry."""
        answer = await _ask(place, self._question(Lookup.EXACT_ROUTES))
        if isinstance(answer, Unanswered):
            return answer
        about = self.claim.prefix, self.claim.asn, self.registry, answer
        verdict = await in_thread(self.claim.account_id, judge_routes, *about)
        return await self.judge_route(verdict, place)

    async def judge_route(self, verdict: RouteVerdict | None, registry: RouteRegistry) -> Outcome:
        """Whether it has the maintainers of before, and only its holder's: asked in this way."""
        if self.route is None or verdict is None:
            return Unanswered(Fault.NOT_ASKED, "The route object is not known.")
        if self.claim.irr_waived:  # it may have come after the proof, and be another's
            return Unanswered(Fault.NOT_ASKED, "The approval did without a route object.")
        described = verdict.authoritative
        if described is None:
            return verdict.outcome
        if not same_maintainers(self.route, described):
            seen = "The route object has other maintainers than before."
            return Failed(Reason.MAINTAINER_NOT_HOLDER, seen, "Prove ownership with a token.")
        if not self.registry.holder_rule:
            return Passed("The route object has the maintainers of before.")
        blocks, around = await asyncio.gather(
            _ask(registry, self._question(Lookup.SMALLEST_HOLDER)),
            _ask(registry, self._question(Lookup.COVERING_ROUTES)),
        )
        asked = described, self.registry, blocks, around, self.claim.prefix
        return await in_thread(self.claim.account_id, _judged, *asked)

    async def zones_from(self, place: Perspective) -> Outcome:
        """Of the reverse zones, by what a place sees."""
        whose = watcher_of(self.claim.account_id)
        looks = (place.observe(zone, self.label, whose) for zone in self.zones)
        seen = await asyncio.gather(*looks)
        return judge_delegations(self.delegated, [one.of_delegation for one in seen])

    def judge_zones(self, seen: Sequence[DelegationSeen]) -> Outcome:
        """Whether each is delegated to the very name servers of before."""
        return judge_delegations(self.delegated, seen)

    def _question(self, lookup: Lookup) -> RegistryQuestion:
        return RegistryQuestion(self.registry, lookup, self.claim.prefix, WATCHER)


async def _ask(
    registry: RouteRegistry, question: RegistryQuestion
) -> Sequence[RpslObject] | Unanswered:
    try:
        async with asyncio.timeout(_SECONDS):
            answer = await registry.look_up(question)
    except TimeoutError:
        late = f"{question.registry.host} did not answer in time."
        return Unanswered(Fault.TIMEOUT, late)
    if isinstance(answer, NoAnswer):
        return Unanswered(answer.fault, answer.detail)
    return answer.objects if isinstance(answer, Found) else ()


def _judged(
    route: RpslObject,
    registry: Registry,
    blocks: Sequence[RpslObject] | Unanswered,
    around: Sequence[RpslObject] | Unanswered,
    prefix: Prefix,
) -> Outcome:
    """Whether the route is its holder's alone, by the rule that proofs have."""
    if isinstance(blocks, Unanswered):
        return blocks
    held = judge_holder(route, registry, blocks, prefix)
    if not isinstance(held, Passed):
        return held
    if isinstance(around, Unanswered):
        return around
    return judge_covering(held, route, registry.source, blocks, around, prefix)
