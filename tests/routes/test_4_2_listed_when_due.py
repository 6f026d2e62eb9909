"""Routes, 4.2: a speaker is listed in full when that is due: not at once, and not hours later."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

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
        before, began, seconds = one.listed, time.monotonic(), 6 * EVERY.total_seconds()
        await asyncio.sleep(seconds)
        due = (time.monotonic() - began) / EVERY.total_seconds()
        often = one.listed - before
        assert often <= due * 1.5, "each time that it is due, and not at every probe"
        await until(lambda: one.listed >= before + 2, seconds=60)


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
    assert 230 < left <= 240, "when its next comparison would have been"


async def test_a_leader_that_knows_of_fewer_routes_is_patient_with_who_compares_them() -> None:
    steady, sync = SteadyClock(), SimpleNamespace(listed_at=0.0)
    pace = Pace(every=timedelta(seconds=0.01), seldom=timedelta(seconds=20))
    staged = StagedSpeaker("one", 1, frozenset({4}))
    task = SpeakerTask(cast("Any", sync), staged, pace, asyncio.Event(), steady)
    task._full_sync_at = steady.now() + HOUR
    compared = Comparison("one", 1, uuid4(), beat=1, compared=1, differs=0)
    task.follow(compared)
    await asyncio.sleep(0.1)
    task.follow(compared)
    assert task._full_sync_at > steady.now() + HOUR / 2


@pytest.mark.parametrize(
    ("took", "rest", "pause"),
    [
        (0.03, 60.0, 10.0),  # a hundred routes
        (0.45, 60.0, 108.0),  # 10,000
        (2.0, 60.0, 300.0),
        (6.0, 60.0, 360.0),  # 100,000: no more than a sixtieth of a core
        (6.0, 0.0, 10.0),
    ],
)
def test_what_is_watched_is_listed_a_fourth_as_often_and_each_five_minutes(
    took: float, rest: float, pause: float
) -> None:
    pace = Pace(rest=rest)
    assert pace.watched(timedelta(seconds=took)).total_seconds() == pytest.approx(pause)
    assert pace.calm(timedelta(seconds=took)) == max(pace.every, timedelta(seconds=took * rest))
