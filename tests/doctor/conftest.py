"""A database of production, filled once; each test has a clone."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from byoip.store.migrating import migrate
from tests.databases import fresh_database
from tests.doctor.healthy import Service, fill, service


@pytest.fixture(scope="session")
async def filled(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    with fresh_database(postgres_url) as url:
        migrate(url, "production")
        await fill(url, tmp_path_factory.mktemp("roas"))
        yield url


@pytest.fixture
def production_url(postgres_url: str, filled: str) -> Iterator[str]:
    with fresh_database(postgres_url, template=filled.rpartition("/")[2]) as url:
        yield url


@pytest.fixture
async def healthy(production_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with service(production_url, tmp_path) as made:
        yield made
