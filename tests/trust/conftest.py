"""Fixtures for tests of trust: real servers and the API, on a database of the test's own.

ROA data and edges are the same for all accounts, so that a database is not shared.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.rirs import RIRS
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.bindings.services import seed_services
from byoip.store.engine import PoolSize, make_engine
from tests.api.conftest import document, judge, operator, world
from tests.trust.parties import Parties, whois_at

__all__ = ["document", "judge", "operator", "world"]  # fixtures


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url, pool=PoolSize(kept=5, more=30))
    await seed_services(made, [("CDN", False), ("Spectrum", False)])
    yield made
    await made.dispose()


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
