"""Trust, 4.1: prefixes whose servers are silent take up no day of those that watch the others."""

import asyncio
from asyncio import StreamReader, StreamWriter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.usecases.checks.responsible import Registries
from byoip.usecases.watch import look
from byoip.usecases.watch.hear_roas import HearRoas
from byoip.usecases.watch.hear_statistics import HearStatistics
from byoip.usecases.watch.keep_proofs import KeepProofs
from byoip.usecases.watch.look import Look
from byoip.usecases.watch.watch_prefixes import WatchPrefixes
from tests.leaping import leap
from tests.usecases.world import LABEL, WORKER, World

SILENT = 6
SECONDS = 60  # that each look would take


@pytest.fixture
async def world(engine: AsyncEngine, tmp_path: Path) -> World:
    made = World(engine, tmp_path)
    made.account_id = await made.new_account()
    return made


async def test_they_are_looked_at_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "_SECONDS", 2.0 * SECONDS)
    for number in range(SILENT):
        await world.approved(f"31.0.{number}.0/24")
    asked = []

    async def silent(reader: StreamReader, writer: StreamWriter) -> None:
        asked.append(await reader.readline())
        if len(asked) == SILENT:
            leap(SECONDS)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    registries = {
        key: replace(one, host="127.0.0.1", port=port) for key, one in world.registries.items()
    }
    whois = WhoisRegistry(world.clock, deadline=SECONDS)
    store, known = world.store, Registries(registries)
    watch = WatchPrefixes(
        store,
        world.clock,
        HearRoas(store),
        HearStatistics(store, known),
        Look(store, whois, world.dns, LABEL, registries),
        KeepProofs(store, world.clock),
        seconds=SECONDS / 2,
    )
    async with server, asyncio.timeout(2 * SECONDS):
        looked = await watch(by=WORKER)
    assert looked == SILENT
    assert len(asked) == SILENT
