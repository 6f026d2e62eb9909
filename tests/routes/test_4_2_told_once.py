"""Routes 4.2: the first stage is told a change once, also where it takes long to take it."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from byoip.domain.speakers.reconciliation import RouteState
from byoip.store.speakers.routes import Routes
from byoip.usecases.speakers.sync_speaker import SyncResult, SyncSpeaker
from tests.announcing import QUICK, Fleet, listener, reconciling, speaker, until


async def test_no_stage_reads_a_change_again_that_it_is_telling(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    sync_changes = SyncSpeaker.sync_changes

    async def noted(self: SyncSpeaker, ids: Collection[UUID]) -> SyncResult:
        read.append(self.name)
        return await sync_changes(self, ids)

    monkeypatch.setattr(SyncSpeaker, "sync_changes", noted)
    one, two = speaker("one"), speaker("two")
    known, prefix = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with reconciling(fleet, one, two, listeners=[listener(one, two)]):
        await fleet.announce(known)
        await until(fleet.settled)
        read.clear()
        one.delay = 1.0  # five looks at what is not settled
        await fleet.announce(prefix)
        await until(fleet.settled)
        one.delay, probed = 0, one.calls("neighbours")
        await until(lambda: one.calls("neighbours") >= probed + 2)  # it is at rest by then
    assert sorted(read) == ["one", "two"]


async def test_what_changes_while_the_only_speaker_comes_back_is_told_at_once(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are read by then, and no other look at all of them is due for a minute."""
    one = speaker("one")
    (kept,) = await fleet.add("31.0.0.0/24", advertised=True)
    (late,) = await fleet.add("31.0.1.0/24")
    states, raced = Routes.states, False

    async def announced_since(self: Routes, name: str) -> Sequence[RouteState]:
        nonlocal raced
        found = await states(self, name)
        if one.started and not raced:
            raced = True
            await fleet.announce(late)
            await asyncio.sleep(0.5)  # its notice comes while the speaker still counts as away
        return found

    monkeypatch.setattr(Routes, "states", announced_since)
    minute = timedelta(minutes=1)
    pace = replace(QUICK, every=minute, second_after=minute)
    async with reconciling(fleet, one, listeners=[listener(one)], pace=pace):
        await until(fleet.settled)
        one.kill()
        await until(lambda: _down(fleet))
        one.start()
        await until(lambda: one.paths.keys() == {kept, late}, seconds=40)
    assert raced


async def _down(fleet: Fleet) -> bool:
    return bool(await fleet.alarms("speaker_down"))
