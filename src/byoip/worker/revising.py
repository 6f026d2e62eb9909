"""Speakers' settings in a worker: its file proposes, the revision in the database is what counts.

The leader follows the revision: when there is news of it, its work with speakers begins again with
what they are told by then (`Renewed`), and one that travels goes on (`TravelRevision`).
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.routes.route import PathAttributes
from byoip.domain.speakers.revision import (
    PROPOSED_EVERY_SECONDS,
    Entries,
    InUse,
    SpeakerEntry,
    changes,
)
from byoip.domain.speakers.staging import StagedSpeaker
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Speaker
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.leases import LeaseLost, process_name
from byoip.store.speakers.revisions import Proposal, Revisions
from byoip.store.speakers.routes import Alarm
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.speakers.travel import WAITING, Progress, TravelRevision
from byoip.worker.speaker_task import SpeakerTask

_LOG = logging.getLogger(__name__)

DIFFER, IN_DOUBT, TAKEN_BACK = "settings_differ", "settings_in_doubt", "settings_taken_back"
SETTINGS_ALARMS: Final = (DIFFER, IN_DOUBT, TAKEN_BACK, WAITING)
_REMEDY = "byoip operator speakers plan"
_NAMED = 3  # differences in an alarm
_COMPARE_SECONDS = 0.5
_END_SECONDS = 2.0

Connect = Callable[[SpeakerEntry], Speaker]
"""How this process gets to a speaker; always the same object for the same entry."""


class Renewed(Exception):  # noqa: N818 - a state of affairs
    """What speakers are told by is not what it was."""


@dataclass(frozen=True, slots=True)
class SpeakerPart:
    """A speaker as the revision has it. It is asked for the local AS of its attributes.

    Attributes:
        keeps: what it holds with other attributes stays as it is.
    """

    speaker: Speaker
    stage: int
    attributes: PathAttributes
    keeps: bool = False

    @property
    def staged(self) -> StagedSpeaker:
        """The speaker as staging sees it."""
        hops = {4: self.attributes.next_hop4, 6: self.attributes.next_hop6}
        families = frozenset(family for family, hop in hops.items() if hop is not None)
        return StagedSpeaker(self.speaker.name, self.stage, families)


@dataclass(frozen=True, slots=True)
class Told:
    """What speakers are told by.

    Attributes:
        news: is equal as long as there is no news of it.
    """

    in_use: InUse
    news: object
    parts: Sequence[SpeakerPart]


async def told(revisions: Revisions, proposal: Entries, connect: Connect) -> Told:
    """What speakers are told by now; an empty database takes what this process proposes."""
    await revisions.adopt(process_name(), proposal)
    news, in_use = await revisions.news(), await revisions.in_use()
    if in_use is None:
        raise LeaseLost("the settings of speakers are gone")
    kept = in_use.kept
    parts = [
        SpeakerPart(connect(one), one.stage, one.attributes, one.name in kept)
        for one in in_use.entries
    ]
    number = in_use.in_force.number
    _LOG.info("Reconciling %d speakers by revision %d of their settings", len(parts), number)
    return Told(in_use, news, parts)


@dataclass(frozen=True, slots=True)
class Proposing:
    """Says for this process, as long as it runs, what its file proposes."""

    revisions: Revisions
    entries: Entries
    process: UUID = field(default_factory=uuid4)

    async def run(self) -> None:
        """Run until cancelled; what fails is tried again."""
        try:
            while True:
                try:
                    await self.revisions.propose(self.process, process_name(), self.entries)
                except StoreUnavailable as fault:
                    _LOG.info("What this file proposes is not recorded: %s", fault)
                await asyncio.sleep(PROPOSED_EVERY_SECONDS)
        finally:
            await self._end()

    async def _end(self) -> None:
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self.revisions.withdraw_proposal(self.process)
        except (StoreUnavailable, TimeoutError) as fault:
            _LOG.info("What this file proposes stands for a minute: %s", fault)


@dataclass(slots=True)
class Revising:
    """What the leader does about the revision, as long as there is no news of it."""

    told: Told
    revisions: Revisions
    travel: TravelRevision
    store: Store
    _compared_at: float = field(default=-inf, init=False)
    _differences: Sequence[Alarm] = field(default=(), init=False)

    async def look(self, tasks: Sequence[SpeakerTask], clock: Clock) -> Sequence[Alarm]:
        """Go on with it; what operators should know, of the kinds SETTINGS_ALARMS.

        Raises:
            Renewed: there is news of it.
            StoreUnavailable, LeaseLost: the next look finds the same.
        """
        if await self.revisions.news() != self.told.news:
            raise Renewed
        in_use = self.told.in_use
        await self.travel.step({one.staged.name: _progress(one, clock) for one in tasks})
        await self._end_doubt(tasks)
        if boottime() >= self._compared_at + _COMPARE_SECONDS:
            self._compared_at, self._differences = boottime(), await self._compare(in_use)
        doubt = [_in_doubt(in_use)] if in_use.in_force.in_doubt else []
        return [*self.travel.alarms, *doubt, *self._differences]

    async def _compare(self, in_use: InUse) -> Sequence[Alarm]:
        """What files say, compared with what counts."""
        differing = await self.revisions.differing()
        alarms = [alarm for one in differing for alarm in _differs(in_use, one)]
        back = await self.revisions.taken_back()
        if back and back[1] in {one.digest for one in differing}:
            alarms.append(Alarm(TAKEN_BACK, f"revision {back[0]}", back[2]))
        return alarms

    async def _end_doubt(self, tasks: Sequence[SpeakerTask]) -> None:
        """What all speakers hold is as the revision says: then it is what they were told by."""
        in_use = self.told.in_use
        in_doubt = in_use.in_force.in_doubt and in_use.target is None
        if in_doubt and all(one.withheld == 0 for one in tasks):
            async with self.store.transaction() as tx:
                if await tx.revisions.lock() == in_use:
                    await tx.revisions.doubt(doubt=False)


def _progress(task: SpeakerTask, clock: Clock) -> Progress:
    gone = task.staged.gone(clock.now())
    return Progress(task.queried, task.synced and task.alive, gone)


def _in_doubt(in_use: InUse) -> Alarm:
    why = "speakers may hold routes by newer settings than this database knows; what they hold is "
    return Alarm(IN_DOUBT, f"revision {in_use.in_force.number}", f"{why}not rewritten: {_REMEDY}")


def _differs(in_use: InUse, proposal: Proposal) -> Iterable[Alarm]:
    said = [
        f"{one.name}: {'; '.join(one.differs) or one.what}"
        for one in changes(in_use.in_force, proposal.entries, ())
        if one.what != "same"
    ]
    more = ", …" if len(said) > _NAMED else ""
    why = f"its file differs from revision {in_use.in_force.number}, which is what counts: "
    for name in proposal.processes:
        yield Alarm(DIFFER, name, f"{why}{', '.join(said[:_NAMED])}{more}: {_REMEDY}")
