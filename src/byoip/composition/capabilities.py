"""Which capabilities a process asks about: by its settings, and by the jobs that it carries out."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from byoip.adapters.checks.resolver_check import resolver_complaint
from byoip.composition.process import Composition
from byoip.settings.model import Settings
from byoip.settings.parts import resolver_address
from byoip.usecases.checks.capabilities import (
    AnchorsCovered,
    Capabilities,
    Question,
    ResolversValidate,
    RoasLoaded,
    StatisticsLoaded,
)

_LOG = logging.getLogger(__name__)


def capabilities_of(composition: Composition, *, validates_roas: bool = False) -> Capabilities:
    """Of a process; `validates_roas`: it runs the relying party, so it needs the locators."""
    settings, snapshots = composition.settings, composition.vrp_snapshots
    clock = composition.clock
    questions: dict[str, Question] = {
        "statistics": StatisticsLoaded(composition.registrations, clock),
        "roa_data": RoasLoaded(snapshots, clock),
    }
    if composition.mode == "production":  # the sandbox is its own resolver and trust anchor
        anchors = frozenset(settings.rpki_anchors)
        feed = settings.rpki_feed_file or settings.rpki_feed_url
        needs = anchors if validates_roas and not feed else frozenset[str]()

        def without_locator() -> Sequence[str]:
            return sorted(needs - {one.stem for one in settings.rpki_tals.glob("*.tal")})

        questions["resolver"] = resolvers_of(settings)
        questions["trust_anchors"] = AnchorsCovered(snapshots, anchors, without_locator)
    return Capabilities(questions, clock)


def resolvers_of(settings: Settings) -> ResolversValidate:
    """The question whether the resolvers of the settings validate."""

    async def complaints() -> Mapping[str, str]:
        return await _complaints(settings)

    return ResolversValidate(complaints)


async def say_what_is_missing(capabilities: Capabilities) -> Sequence[str]:
    """One line of the log for each thing that this process lacks, with the remedy; their names."""
    lacking = await capabilities.lacking()
    for one in lacking:
        _LOG.warning("%s", one.sentence)
    return [one.name for one in lacking]


async def _complaints(settings: Settings) -> Mapping[str, str]:
    asked = (resolver_complaint(*resolver_address(text)) for text in settings.resolvers)
    answers = zip(settings.resolvers, await asyncio.gather(*asked), strict=True)
    return {name: complaint for name, complaint in answers if complaint}
