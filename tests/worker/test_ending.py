"""A reconciler ends when it is told to, whatever happens just then."""

import asyncio

import pytest

from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.worker import leading as module
from byoip.worker.revising import Renewed
from byoip.worker.speaker_faults import fault_of
from tests.announcing import Fleet, reconciling, speaker, until


@pytest.mark.parametrize("turns", range(0, 12, 2))
async def test_a_cancellation_that_meets_news_of_the_settings_is_not_lost_for_ever(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    await fleet.add("31.0.0.0/24", advertised=True)
    one, news = speaker("one"), asyncio.Event()

    async def revise(_: object) -> None:
        await news.wait()
        raise Renewed

    monkeypatch.setattr(module.Term, "_revise", revise)
    async with asyncio.timeout(60):
        async with reconciling(fleet, one):
            await until(lambda: bool(one.paths))
            news.set()
            for _ in range(turns):
                await asyncio.sleep(0)


async def test_a_fault_that_takes_a_cancellations_place_keeps_no_task_alive() -> None:
    began = asyncio.Event()

    async def work() -> None:
        try:
            began.set()
            await asyncio.sleep(60)
        finally:  # as where something is withdrawn on the way out, and the speaker is frozen
            raise SpeakerUnanswered("too late")

    task = asyncio.create_task(fault_of("one", work))
    await began.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
