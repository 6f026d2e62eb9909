"""Fixtures for tests of trust: a world of real servers on loopback, with a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from byoip.domain.checks.rirs import RIRS
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.engine import PoolSize, make_engine
from tests.trust.parties import Parties, whois_at


@pytest.fixture
async def registry_world(
    database_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Parties, WhoisServer]]:
    """The five registries on one whois server, and an account that brings prefixes."""
    engine = make_engine(database_url, pool=PoolSize(kept=5, more=5))
    async with whois_at(*RIRS) as (server, registries):
        world = Parties(engine, tmp_path, known=registries)
        world.account_id = await world.new_account()
        yield world, server
    await engine.dispose()
