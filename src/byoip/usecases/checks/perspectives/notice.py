"""Alarms about perspectives that contradict what was seen here, or say nothing of it.

As of the newest proof that other places were asked about: the next one replaces them. What each of
them said is kept beside it, as long as they do not agree, for people to look at.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from byoip.domain.checks.evidence import Failed, Unanswered
from byoip.domain.foreign_text import brief
from byoip.domain.perspectives.quorum import Sighting, Subject
from byoip.ports.clock import Clock
from byoip.store.checks.place_sightings import PlaceSightings
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.unavailable import StoreRefused, StoreUnavailable

DISAGREE: Final = "perspectives_disagree"
SILENT: Final = "perspective_silent"
_ENDS: Final = ((DISAGREE, Failed), (SILENT, Unanswered))
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NoticePerspectives:
    """Have an alarm stand for each such place, and for no other."""

    routes: Routes
    kept: PlaceSightings
    clock: Clock

    async def __call__(self, subject: Subject, sightings: Mapping[str, Sequence[Sighting]]) -> None:
        """Keep what they said, replace the alarms; while the database is away all is as before."""
        with suppress(StoreUnavailable, StoreRefused):
            await self.kept.note(subject, sightings, self.clock.now())
        for kind, end in _ENDS:
            told = {
                one.place.name: Alarm(
                    kind, one.place.name, brief(f"{what} of {subject.name}: {one.outcome.seen}")
                )
                for what, each in sorted(sightings.items())
                for one in each
                if isinstance(one.outcome, end)
            }
            try:
                new = await self.routes.replace_alarms(kind, [*told.values()], self.clock.now())
            except StoreUnavailable:
                return
            for name in new:
                _log.warning("%s: %s %s", kind, name, told[name].detail)
