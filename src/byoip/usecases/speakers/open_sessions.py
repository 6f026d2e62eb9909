"""Let a speaker's sessions come up only when it has all that its peers may have from it.

What it held is kept outside of the rows of routes, and compared one by one: an empty database, or
a restored one, that loads a single route must not have peers drop all the others.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from byoip.domain.prefix import Family, Prefix
from byoip.domain.speakers.opening import (
    MARGIN_SECONDS,
    RECOMMENDED_RESTART_SECONDS,
    Opening,
    SpeakerRecord,
    lacking,
    opening,
)
from byoip.domain.speakers.sightings import carries
from byoip.ports.speakers.speaker import Neighbour, Speaker
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.records import RECONCILER, SpeakerRecords
from byoip.store.speakers.routes import Alarm
from byoip.usecases.speakers.observe import ObserveRoutes

_LOG = logging.getLogger(__name__)

OPENING_ALARMS: Final = (
    "sessions_shut",
    "no_longer_held",
    "strange_routes",
    "short_restart_time",
    "not_admin_down",
)
_REMEDY = "byoip operator speakers open"


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Those who know what peers may have, besides the record.

    Attributes:
        siblings: the other speakers of its stage.
    """

    siblings: Sequence[Speaker] = ()
    observe: ObserveRoutes = field(default_factory=lambda: ObserveRoutes(()))


@dataclass(slots=True)
class OpenSessions:
    """Decides it for one speaker, and knows why not."""

    speaker: Speaker
    witnesses: Witnesses = field(default_factory=Witnesses)
    _record: SpeakerRecord | None = field(default=None, init=False)
    _up_at: float | None = field(default=None, init=False)  # `boottime`: a session was up; or none
    _promised: int = field(default=0, init=False)  # seconds from then for which peers keep routes
    _seen_up: bool = field(default=False, init=False)  # by this process
    _decided: Opening = field(default=Opening.OPEN, init=False)
    leaves_out: Collection[Prefix] = field(default=(), init=False)  # wanted, and not told to it
    _late: bool = field(default=False, init=False)  # decided when peers were about to drop all
    _fed_by_sibling: bool = field(default=False, init=False)
    _siblings_have: Mapping[str, Collection[Family]] = field(default_factory=dict, init=False)
    _missing: Sequence[Prefix] = field(default=(), init=False)
    _lacks: str = field(default="", init=False)  # the same, as alarms say it
    _strange: tuple[int, str] = field(default=(0, ""), init=False)
    _restart_seconds: Sequence[int] = field(default=(), init=False)
    _coming_up: Sequence[str] = field(default=(), init=False)  # by themselves, at a start

    @property
    def known(self) -> bool:
        """Whether anything is on record of it, as of `begin`."""
        return self._record is not None

    @property
    def shut(self) -> bool:
        """Whether its sessions must stay down, as last decided."""
        return self._decided in {Opening.UNKNOWN, Opening.SHUT}

    @property
    def keeps_what_went(self) -> bool:
        """Whether peers may keep, from before a restart, what is all to go by now.

        As owners have it, or an operator who orders it opened in spite of what is missing. A
        database to which no session was up, as it was restored, knows too little for that.
        """
        up_here = self._seen_up or (self._record is not None and self._record.up_here)
        return up_here and self._decided is Opening.OPEN and self._seconds_left > 0

    async def begin(self, records: SpeakerRecords) -> None:
        """Read what is on record of it."""
        found = await records.get(self.speaker.name)
        self._record = found[0] if found else None
        if found and not self._seen_up:
            _, up_before, self._promised = found
            self._up_at = None if up_before is None else boottime() - up_before

    def seen(self, neighbours: Sequence[Neighbour]) -> None:
        """Note its sessions as they are now: from the last that goes down its peers count."""
        if neighbours:  # none: drains keep all of them down
            kept = [one.restart_seconds for one in neighbours]
            self._restart_seconds = list(filter(None, kept))
            self._coming_up = sorted(one.address for one in neighbours if one.comes_up)
        if any(one.established for one in neighbours):
            self._is_up()

    def enabled(self) -> None:
        """Note that one is about to come up: it may end before it is seen up.

        Not where it does so without some of what peers keep: it may have to be told again.
        """
        if self._decided is Opening.OPEN:
            self._is_up()

    def _is_up(self) -> None:
        self._seen_up, self._up_at, self._promised = True, boottime(), self._kept_for

    async def due(self, records: SpeakerRecords) -> bool:
        """Whether it must be decided again at once."""
        if not self.shut and not self._missing:
            return False
        if self.shut and not self._late and self._seconds_left <= MARGIN_SECONDS and self.known:
            return True
        found = await records.get(self.speaker.name)
        return found is not None and bool(found[0].ordered_by)

    async def may_open(
        self,
        records: SpeakerRecords,
        neighbours: Sequence[Neighbour],
        holds: Collection[Prefix],
        looked_at: datetime,
    ) -> bool:
        """Whether those of its sessions that are down may come up.

        `holds` is all that it has now, as told or found; it was asked at `looked_at`.
        """
        self.seen(neighbours)
        await self.note(records, neighbours, holds)
        name = self.speaker.name
        missing = set(await records.lacking(name, holds))
        self._strange = await records.strange(name)
        down = not all(one.enabled for one in neighbours)
        if down:
            missing |= await self._witnessed(records, holds, looked_at)
        self._missing = sorted(missing, key=lambda one: (one.family, one.network))
        self._lacks = lacking(self._missing)
        if not down:
            self._decided = Opening.OPEN
            return True
        self._late = self._seconds_left <= MARGIN_SECONDS
        self._fed_by_sibling = bool(missing) and await self._fed(neighbours, holds)
        record = self._record
        if (
            record
            and record.ordered_by == RECONCILER
            and all(not one.enabled for one in neighbours)
        ):
            record = SpeakerRecord()  # what it had begun has ended with a restart of the speaker
        self._decided = opening(
            record,
            missing=bool(missing),
            seconds_left=self._seconds_left,
            fed_by_sibling=self._fed_by_sibling,
        )
        return not self.shut

    async def begun(self, records: SpeakerRecords) -> None:
        """Record that it is about to come up; for a speaker that holds something."""
        if self._decided is Opening.SHORT:
            _LOG.error("Speaker %s comes up: %s", self.speaker.name, self._lacks)
            await records.order(self.speaker.name)
            await self.begin(records)

    async def note(
        self, records: SpeakerRecords, neighbours: Sequence[Neighbour], holds: Collection[Prefix]
    ) -> None:
        """Record what it holds while its sessions are up, and end an order to open it."""
        if not any(one.enabled for one in neighbours):
            await self.note_seen(records)
            return
        name = self.speaker.name
        if self._record and self._record.ordered_by and all(one.enabled for one in neighbours):
            await records.carried_out(name, self._record, holds)
        await self._note_up(records, enabled=True)
        await records.note_held(name, holds)

    async def note_seen(self, records: SpeakerRecords) -> None:
        """Record, between full syncs, when a session was last up: the next leader counts on it."""
        if self._seen_up:
            await self._note_up(records, enabled=False)

    async def _note_up(self, records: SpeakerRecords, *, enabled: bool) -> None:
        up_before = boottime() - self._up_at if self._seen_up and self._up_at is not None else None
        kept_for = self._promised if self._seen_up else self._kept_for
        await records.note_up(
            self.speaker.name, enabled=enabled, up_before=up_before, restart_seconds=kept_for
        )

    async def _witnessed(
        self, records: SpeakerRecords, holds: Collection[Prefix], looked_at: datetime
    ) -> set[Prefix]:
        """What its siblings hold or observers see, and it does not hold."""
        found: set[Prefix] = set()
        held = await self.witnesses.observe.held(self.witnesses.siblings)
        have = {}
        for sibling in self.witnesses.siblings:
            if sibling.name in held:
                its = {path.prefix for path in held[sibling.name]}
            else:
                its = {*await records.held(sibling.name)}
            have[sibling.name] = {one.family for one in its}
            found |= its
        self._siblings_have = have
        suspects = await records.suspects(self.speaker.name, holds)
        if suspects and self.witnesses.observe.listened:
            heard = (await self.witnesses.observe.heard(suspects)).heard
            for seen in heard.values():
                found.update(
                    one
                    for one, route in suspects.items()
                    if seen.get(one) and (route is None or carries(seen[one], route))
                )
        found.difference_update(holds, self.leaves_out)
        return found - {*await records.explained(found, looked_at)} if found else found

    async def _fed(self, neighbours: Sequence[Neighbour], holds: Collection[Prefix]) -> bool:
        """Whether each of its peers has a session with a sibling, for each family that it holds.

        One that has no IPv6 routes cannot feed them.
        """
        sessions = await self.witnesses.observe.sessions(self.witnesses.siblings)
        fed = {
            (one.address, family)
            for name, each in sessions.items()
            for one in each
            if one.established
            for family in self._siblings_have.get(name, ())
        }
        wanted = {(one.address, each.family) for one in neighbours for each in holds}
        return bool(fed) and wanted <= fed

    @property
    def _kept_for(self) -> int:
        return min(self._restart_seconds, default=0)

    @property
    def _seconds_left(self) -> float:
        if self._up_at is None:
            return 0.0
        return max(0.0, self._up_at + (self._promised or self._kept_for) - boottime())

    @property
    def alarms(self) -> Sequence[Alarm]:
        """What operators should know of it, of the kinds OPENING_ALARMS."""
        name = self.speaker.name
        found = []
        if self._decided is Opening.UNKNOWN:
            why = f"nothing is on record of it: if its peers have nothing from it, {_REMEDY} {name}"
            found.append(Alarm("sessions_shut", name, why))
        elif self._decided is Opening.SHUT:
            left = f"its peers drop all that they keep in {self._seconds_left:.0f} s"
            if self._fed_by_sibling:
                left += "; others of its stage feed them, so it stays shut"
            why = f"{self._lacks}; {left}; announce or decide, or {_REMEDY} {name}"
            found.append(Alarm("sessions_shut", name, why))
        elif self._missing:
            found.append(Alarm("no_longer_held", name, self._lacks))
        if self._strange[0]:
            many, first = self._strange
            why = f"it held {many} routes that this database does not know: {first}, …"
            found.append(Alarm("strange_routes", name, why))
        if 0 < self._kept_for < RECOMMENDED_RESTART_SECONDS:
            why = f"peers keep its routes for {self._kept_for} s; give it restart-time 600 or more"
            found.append(Alarm("short_restart_time", name, why))
        if self._coming_up:
            why = f"come up before it is loaded; make them admin-down: {', '.join(self._coming_up)}"
            found.append(Alarm("not_admin_down", name, why))
        return found
