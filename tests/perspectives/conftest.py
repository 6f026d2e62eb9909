import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.asns.conftest import numbers
from tests.perspectives.agents import PLACES, Agent, agent
from tests.usecases.conftest import database_url, services, world, world_engine
from tests.watch.conftest import days, routes

__all__ = ["database_url", "days", "numbers", "routes", "services", "world", "world_engine"]

CORE = Ed25519PrivateKey.generate()


@pytest.fixture
async def agents(tmp_path: Path) -> AsyncIterator[list[Agent]]:
    """Three, each a process in an Internet of its own."""
    async with AsyncExitStack() as stack:
        begun = [agent(tmp_path, place, CORE, deadline=30) for place in PLACES]
        yield await asyncio.gather(*map(stack.enter_async_context, begun))
