from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.bindings.services import seed_services
from byoip.store.engine import PoolSize, make_engine
from tests.databases import fresh_database
from tests.many_routes import OwnedRoute, add_routes, ipv4, ipv6
from tests.rules.accident import ACCOUNTS, FLEET, Accident
from tests.rules.estate import Estate


@pytest.fixture
async def estate_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url, pool=PoolSize(kept=5, more=30))
    await seed_services(made, [("CDN", False)])
    yield made
    await made.dispose()


@pytest.fixture
async def estate(estate_engine: AsyncEngine) -> Estate:
    """Customers' prefixes, bound and announced as far as the API goes."""
    return Estate(estate_engine)


@pytest.fixture(scope="session")
def that_morning(
    postgres_url: str, template_database: str
) -> Iterator[tuple[str, list[OwnedRoute]]]:
    """The fleet on that morning, to be cloned; and what it is made of."""
    cidrs = [*ipv4(FLEET - FLEET // 3), *ipv6(FLEET // 3)]
    with fresh_database(postgres_url, template=template_database) as url:
        made = add_routes(url, cidrs, accounts=ACCOUNTS, advertised=True, since=timedelta(days=400))
        yield url.rpartition("/")[2], made


@pytest.fixture
async def accident(
    postgres_url: str, that_morning: tuple[str, list[OwnedRoute]]
) -> AsyncIterator[Accident]:
    name, routes = that_morning
    with fresh_database(postgres_url, template=name) as url:
        engine = make_engine(url, pool=PoolSize(kept=5, more=10, autocommit=8))
        yield Accident(engine, url, routes)
        await engine.dispose()
