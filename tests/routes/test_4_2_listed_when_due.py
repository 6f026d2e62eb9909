"""Routes, 4.2: a speaker is listed in full when that is due: not at once, and not hours later."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from byoip.domain.speakers.staging import StagedSpeaker
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.ports.steady_clock import SteadyClock
from byoip.store.speakers.comparisons import Comparison
from byoip.worker.pace import Pace
from byoip.worker.speaker_task import SpeakerTask
from tests.announcing import OURS, QUICK, Fleet, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker

EVERY = timedelta(seconds=0.5)
DAY = 86_400.0
HOUR = timedelta(hours=1)


class Unwatchable(FakeSpeaker):
    """Answers all questions, and cannot be watched."""

    async def surprises(self) -> AsyncIterator[None]:
        if self.name:
            raise SpeakerUnanswered(f"{self.name}: it does not tell")
        yield

    @property
    def listed(self) -> int:
        return sum(method == "held" for method, _ in self.asked)


async def test_one_that_cannot_be_watched_is_listed_again_and_again(fleet: Fleet) -> None:
    one = Unwatchable("one", OURS, speaker("one").sessions)
    (first,) = await fleet.add("31.0.0.0/24")
    # One that is calm would be listed once in days.
    pace = replace(QUICK, every=EVERY, rest=1e9, second_after=timedelta(0))
    async with reconciling(fleet, one, pace=pace):
        await fleet.announce(first)
        await until(lambda: first in one.paths)
        before, seconds = one.listed, 6 * EVERY.total_seconds()
        await asyncio.sleep(seconds)
        often = one.listed - before
    assert 2 <= often <= 9, "each time that it is due, and not at every probe"


async def test_speakers_that_are_handed_over_are_not_all_listed_at_once() -> None:
    steady, every = SteadyClock(), timedelta(seconds=10)
    sync: Any = SimpleNamespace(listed_at=0.0)
    pace = Pace(every=every)
    staged = StagedSpeaker("one", 1, frozenset({4}))
    task = SpeakerTask(sync, staged, pace, asyncio.Event(), steady)
    task._took, task._full_sync_at = timedelta(seconds=1), steady.now() + HOUR
    compared = Comparison("one", 1, uuid4(), beat=1, compared=1, differs=0)
    task.follow(compared)
    assert task._full_sync_at > steady.now() + HOUR / 2, "another process compares it"
    task.follow(None)
    left = (task._full_sync_at - steady.now()).total_seconds()
    assert 50 < left <= 60, "when its next comparison would have been"
