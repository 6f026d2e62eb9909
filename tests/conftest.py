"""Fixtures for every test: an embedded Postgres, and a database of its own for each test."""

import faulthandler
import gc
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.postgres.embedded import EmbeddedPostgres
from byoip.store.engine import PoolSize, make_engine
from tests.announcing import Fleet
from tests.databases import (
    directory_open_to_all,
    fast_place,
    fresh_database,
    hash_quickly,
    make_template,
)
from tests.lasting import Lasting, lasting_database


def pytest_addoption(parser: pytest.Parser) -> None:
    said = "run on this major version of Postgres, installed on the machine"
    parser.addoption("--postgres", type=int, metavar="MAJOR", help=said)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of tests and modules stay to the end: no search for garbage goes through them.

    What tests leave is looked for after 20,000 new objects and not 700: a tenth of their time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def nothing_ends_the_process() -> Iterator[None]:
    """A command that serves, run in this process, would end it half a minute later."""
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(autouse=True)
def logs_stay_where_they_were() -> Iterator[None]:
    """A command that serves, run in this process, would leave a handler on a closed stream."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """One server per test process (each xdist worker has its own), started when first asked for.

    Its major version may be the test's own parameter, or the option `--postgres`.
    """
    major = getattr(request, "param", None) or request.config.getoption("postgres")
    with (
        directory_open_to_all(fast_place()) as directory,
        EmbeddedPostgres(directory / "postgres", durable=False, major=major) as server,
    ):
        hash_quickly(server.database_url)
        yield server.database_url


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> str:
    """The migrated database, in sandbox mode, that `database_url` clones."""
    return make_template(postgres_url)


@pytest.fixture
def cloned_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """A migrated database that this test alone uses."""
    with fresh_database(postgres_url, template=template_database) as url:
        yield url


@pytest.fixture
def database_url(cloned_url: str) -> str:
    """A migrated database; folders whose tests only write rows say `restored_url` instead."""
    return cloned_url


@pytest.fixture(scope="session")
def lasting(postgres_url: str, template_database: str) -> Iterator[Lasting]:
    with lasting_database(postgres_url, template_database) as made:
        yield made


@pytest.fixture
def restored_url(lasting: Lasting) -> str:
    """The database that lasts, as the migrations left it."""
    lasting.restore()
    return lasting.url


@pytest.fixture(scope="session")
async def lasting_engine(lasting: Lasting) -> AsyncIterator[AsyncEngine]:
    """For tests that ask for `restored_url`: statements stay compiled, connections open."""
    made = make_engine(lasting.url, pool=PoolSize(kept=5, more=30))
    yield made
    await made.dispose()


@pytest.fixture
def engine(restored_url: str, lasting_engine: AsyncEngine) -> AsyncEngine:  # noqa: ARG001 - restored
    """What lasts, for this test alone."""
    return lasting_engine


@pytest.fixture
async def fleet(cloned_url: str) -> AsyncIterator[Fleet]:
    """Routes, and twins of speakers that announce them."""
    engine = make_engine(cloned_url, pool=PoolSize(kept=5, more=10, autocommit=8))
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
