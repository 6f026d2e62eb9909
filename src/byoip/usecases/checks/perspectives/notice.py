"""Alarms about perspectives that contradict what was seen here, or say nothing of it.

As of the newest proof that other places were asked about: the next one replaces them.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from byoip.domain.checks.evidence import Failed, Unanswered
from byoip.domain.foreign_text import brief
from byoip.domain.perspectives.quorum import Sighting
from byoip.ports.clock import Clock
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.unavailable import StoreUnavailable

DISAGREE: Final = "perspectives_disagree"
SILENT: Final = "perspective_silent"
_ENDS: Final = ((DISAGREE, Failed), (SILENT, Unanswered))
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NoticePerspectives:
    """Have an alarm stand for each such place, and for no other."""

    routes: Routes
    clock: Clock

    async def __call__(self, sightings: Mapping[str, Sequence[Sighting]]) -> None:
        """Replace the alarms; while the database is away they stand as before."""
        for kind, end in _ENDS:
            told = {
                one.place.name: Alarm(kind, one.place.name, brief(f"{what}: {one.outcome.seen}"))
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
