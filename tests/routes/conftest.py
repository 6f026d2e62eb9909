import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.bindings.services import seed_services
from tests.rules.estate import Estate


@pytest.fixture
def database_url(restored_url: str) -> str:
    return restored_url


@pytest.fixture
async def estate(engine: AsyncEngine) -> Estate:
    """Customers' prefixes, bound and announced as far as the API goes."""
    await seed_services(engine, [("CDN", False)])
    return Estate(engine)
