"""Theory of operation: workers that do not lead compare what speakers hold, each some of them.

To list a speaker, to read its rows and to compare them costs as much as it holds, and mostly finds
nothing. So that is shared out among the workers without the turn (`Comparisons`). They read: who
tells speakers is the leader, and it alone (`reconciling.py`). What one finds to differ, twice in a
row, it counts in the speaker's row; the leader then looks for itself, and tells what is to be told.
What no worker compares the leader compares itself, as if there were none.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.reconciliation import Plan, planning
from byoip.domain.speakers.revision import SpeakerEntry
from byoip.ports.speakers.speaker import Speaker, SpeakerUnanswered
from byoip.ports.steady_clock import boottime
from byoip.ports.supervising import end
from byoip.store.speakers.comparisons import Comparison
from byoip.store.speakers.leases import Stillness, process_name
from byoip.store.speakers.routes import Routes
from byoip.store.unavailable import StoreUnavailable
from byoip.worker.pace import Pace
from byoip.worker.revising import Connect

_LOG = logging.getLogger(__name__)

_AWAY_SECONDS: Final = 60.0  # a speaker that did not answer here is left to others
_END_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 2.0  # between two looks at what differs: the leader may be at it


@dataclass(slots=True)
class _Compared:
    """The work of one speaker, while this process compares it.

    Attributes:
        progressed_at: when its work last went on, or goes on after a pause, by `boottime`.
    """

    entry: SpeakerEntry
    speaker: Speaker
    number: int
    holder: UUID
    routes: Routes
    pace: Pace
    keeps: bool
    progressed_at: float = field(default_factory=boottime, init=False)

    async def run(self) -> None:
        """Run until cancelled; what fails is tried again."""
        again = min(_AGAIN_SECONDS, self.pace.every.total_seconds())
        while True:
            began = boottime()
            pause = self.pace.every.total_seconds()
            try:
                differs = await self._differences()
                took = timedelta(seconds=boottime() - began)
                if differs:
                    await asyncio.sleep(again)
                    differs &= await self._differences()
                asked = self.entry.name, self.number, self.holder
                await self.routes.comparisons.found(*asked, differs=bool(differs))
                pause = self.pace.watched(took).total_seconds()
                self.progressed_at = began + pause
            except (SpeakerUnanswered, StoreUnavailable) as fault:
                _LOG.info("Speaker %s cannot be compared: %s", self.entry.name, fault)
            await asyncio.sleep(began + pause - boottime())

    async def _differences(self) -> set[Prefix]:
        """What it holds in another way than is wanted and recorded."""
        attributes = replace(self.entry.attributes, local_as=await self.speaker.local_as())
        held = {path.prefix: path for path in await self.speaker.held()}
        self.progressed_at = boottime()
        states = await self.routes.states(self.entry.name)
        orphans = await self.routes.comparisons.orphans(self.entry.name)
        self.progressed_at = boottime()
        made = Plan()
        for _ in planning(made, states, attributes, lambda _: True, held, keeps=self.keeps):
            await asyncio.sleep(0)
        told = {one.path.prefix for one in (*made.announce, *made.withdraw)}
        recorded = {one.prefix for one in (*made.confirmed, *made.gone)}
        return told | recorded | (made.orphans.keys() ^ set(orphans))


@dataclass(slots=True)
class Comparing:
    """Compares while it runs, as long as this process does not lead.

    Attributes:
        silent_after: seconds without a beat after which a speaker is taken over.
    """

    routes: Routes
    connect: Connect
    pace: Pace
    leading: asyncio.Event
    silent_after: float
    holder: UUID = field(default_factory=uuid4, init=False)
    _still: dict[str, Stillness] = field(default_factory=dict, init=False)
    _tasks: dict[str, tuple[_Compared, asyncio.Task[None]]] = field(
        default_factory=dict, init=False
    )
    _away_until: dict[str, float] = field(default_factory=dict, init=False)  # by `boottime`
    _news: object = field(default=None, init=False)
    _entries: Mapping[str, SpeakerEntry] = field(default_factory=dict, init=False)
    _kept: Collection[str] = field(default=(), init=False)

    async def run(self) -> None:
        """Run until cancelled; what fails is tried again.

        Not at once: a process that begins may be about to lead.
        """
        pause = min(self.pace.probe, self.silent_after / 5)
        await asyncio.sleep(self.silent_after)
        try:
            while True:
                try:
                    await self._round()
                except StoreUnavailable as fault:
                    _LOG.info("Not comparing speakers: %s", fault)
                    await self._stop(list(self._tasks))
                await asyncio.sleep(pause)
        finally:
            await self._stop(list(self._tasks))
            with suppress(StoreUnavailable, TimeoutError):
                async with asyncio.timeout(_END_SECONDS):
                    await self.routes.comparisons.let_go(self.holder)

    async def _round(self) -> None:
        if self.leading.is_set():
            if self._tasks:
                await self._stop(list(self._tasks))
                await self.routes.comparisons.let_go(self.holder)
            return
        await self._follow_settings()
        await self._renew()
        rows = {one.speaker: one for one in await self.routes.comparisons.look()}
        silent = {name for name, one in rows.items() if self._silent(one)}
        near = [one for one in self._entries if self._away_until.get(one, 0.0) <= boottime()]
        wanted = to_take(self.holder, near, rows, silent)
        if wanted:
            seen = {name: rows[name].number if name in rows else 0 for name in wanted}
            taken = await self.routes.comparisons.take(seen, self.holder, process_name())
            for name, number in taken.items():
                self._start(name, number)

    async def _follow_settings(self) -> None:
        news = await self.routes.revisions.news()
        if news == self._news:
            return
        in_use = await self.routes.revisions.in_use()
        await self._stop(list(self._tasks))
        self._entries = {one.name: one for one in in_use.entries} if in_use else {}
        self._kept = in_use.kept if in_use else ()
        self._news = news
        await self.routes.comparisons.let_go(self.holder)

    async def _renew(self) -> None:
        """One more beat of those at which work goes on; others are another process' soon."""
        since = boottime() - self.pace.stalled_after
        for name, (_, task) in self._tasks.items():
            if task.done():
                why = None if task.cancelled() else task.exception()
                _LOG.error("Speaker %s is compared no more", name, exc_info=why)
        at_work = [
            name
            for name, (one, task) in self._tasks.items()
            if not task.done() and one.progressed_at >= since
        ]
        hung = self._tasks.keys() - set(at_work)
        away = self._entries if hung and not at_work else hung  # all of them: it may be us
        self._away_until.update(dict.fromkeys(away, boottime() + _AWAY_SECONDS))
        mine = await self.routes.comparisons.renew(at_work, self.holder) if at_work else ()
        await self._stop([name for name in self._tasks if name not in mine])

    def _silent(self, row: Comparison) -> bool:
        if row.holder is None:
            return True
        still = self._still.setdefault(row.speaker, Stillness())
        return still.seconds(row.number, row.beat) >= self.silent_after

    def _start(self, name: str, number: int) -> None:
        entry = self._entries[name]
        one = _Compared(
            *(entry, self.connect(entry), number, self.holder, self.routes, self.pace),
            keeps=name in self._kept,
        )
        self._tasks[name] = one, asyncio.create_task(one.run())

    async def _stop(self, names: Collection[str]) -> None:
        ending = [self._tasks.pop(name)[1] for name in names]
        await end(ending, seconds=_END_SECONDS)


def to_take(
    me: UUID, speakers: Sequence[str], rows: Mapping[str, Comparison], silent: Collection[str]
) -> Sequence[str]:
    """Which speakers a process takes now: those of no one, up to its share; or of who has more."""
    held: dict[str, UUID] = {}
    for one in rows.values():
        if one.holder is not None and one.speaker not in silent:
            held[one.speaker] = one.holder
    free = [one for one in speakers if one not in held]
    many = Counter(held[one] for one in speakers if one in held)
    mine = many.pop(me, 0)
    share = -(-len(speakers) // (len(many) + 1))
    if free:
        return free[: max(0, share - mine)]
    most = max(many, key=lambda one: (many[one], one), default=me)
    more = (many[most] - mine) // 2
    return [one for one in speakers if held[one] == most][:more] if more > 0 else []
