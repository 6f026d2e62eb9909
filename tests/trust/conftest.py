"""Fixtures for tests of trust: real servers and the API, on a database of the test's own.

ROA data and edges are the same for all accounts, so that a test shares no rows with another.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.rirs import RIRS
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.bindings.services import seed_services
from tests.api.conftest import document, judge, operator, world
from tests.trust.parties import Parties, whois_at

__all__ = ["document", "judge", "operator", "world"]  # fixtures


@pytest.fixture
def database_url(restored_url: str) -> str:
    return restored_url


@pytest.fixture
async def engine(restored_url: str, lasting_engine: AsyncEngine) -> AsyncEngine:  # noqa: ARG001 - restored
    await seed_services(lasting_engine, [("CDN", False), ("Spectrum", False)])
    return lasting_engine


@pytest.fixture
async def registry_world(
    restored_url: str,  # noqa: ARG001 - restored
    lasting_engine: AsyncEngine,
    tmp_path: Path,
) -> AsyncIterator[tuple[Parties, WhoisServer]]:
    """The five registries on one whois server, and an account that brings prefixes."""
    async with whois_at(*RIRS) as (server, registries):
        world = Parties(lasting_engine, tmp_path, known=registries)
        world.account_id = await world.new_account()
        yield world, server
