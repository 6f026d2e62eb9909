"""Fixtures: the pages and the API on a database of the test's own."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.bindings.services import seed_services
from tests.api.conftest import document, judge, operator, world

__all__ = ["document", "judge", "operator", "world"]  # fixtures


@pytest.fixture
def database_url(restored_url: str) -> str:
    return restored_url


@pytest.fixture
async def engine(restored_url: str, lasting_engine: AsyncEngine) -> AsyncEngine:  # noqa: ARG001 - restored
    await seed_services(lasting_engine, [("CDN", False), ("Spectrum", False)])
    return lasting_engine
