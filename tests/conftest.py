"""Fixtures for every test: an embedded Postgres, and a database of its own for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from byoip.adapters.postgres.embedded import EmbeddedPostgres
from byoip.store.engine import PoolSize, make_engine
from tests.announcing import Fleet
from tests.databases import directory_open_to_all, fast_place, fresh_database, make_template


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One server per test process (each xdist worker has its own), started when first asked for."""
    with (
        directory_open_to_all(fast_place()) as directory,
        EmbeddedPostgres(directory / "postgres", durable=False) as server,
    ):
        yield server.database_url


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> str:
    """The migrated database, in sandbox mode, that `database_url` clones."""
    return make_template(postgres_url)


@pytest.fixture
def database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """A migrated database that this test alone uses."""
    with fresh_database(postgres_url, template=template_database) as url:
        yield url


@pytest.fixture
async def fleet(database_url: str) -> AsyncIterator[Fleet]:
    """Routes, and twins of speakers that announce them."""
    engine = make_engine(database_url, pool=PoolSize(kept=5, more=10, autocommit=8))
    yield Fleet(engine)
    await engine.dispose()


@pytest.fixture
def bare_database_url(postgres_url: str) -> Iterator[str]:
    """An empty database that this test alone uses."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A temporary directory that an unprivileged account may enter."""
    with directory_open_to_all() as directory:
        yield directory
