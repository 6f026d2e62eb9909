"""A dump that was restored and migrated, for each test a copy of its own with the service on it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.databases import fresh_database
from tests.net.dump_after import After
from tests.net.dump_files import Dump, dumps
from tests.net.dump_world import bring_up_to_date, running

# The oldest goes through every migration; those between it and the newest are for `make test-long`.
_LONG = pytest.mark.long
_ALL = list(dumps())
KNOWN = [
    pytest.param(one, id=one.name, marks=[] if one.name in {_ALL[0].name, _ALL[-1].name} else _LONG)
    for one in _ALL
]


@dataclass(frozen=True)
class Migrated:
    """A dump in a database.

    Attributes:
        template: the database, to be cloned.
        by: how far the dump's moments were moved.
    """

    dump: Dump
    template: str
    by: timedelta


@pytest.fixture(scope="session", params=KNOWN)
def migrated(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Migrated]:
    """Done once for each dump and test process."""
    dump: Dump = request.param
    with fresh_database(postgres_url) as url:
        by = dump.restore(url)
        bring_up_to_date(url)
        yield Migrated(dump, url.rpartition("/")[2], by)


@pytest.fixture
async def after(migrated: Migrated, postgres_url: str, tmp_path: Path) -> AsyncIterator[After]:
    """The service, on a copy that this test alone uses; a grace is over as soon as it begins."""
    with fresh_database(postgres_url, template=migrated.template) as url:
        async with running(url, tmp_path, grace_days=0) as service:
            yield After(migrated.dump, service, url)


@pytest.fixture(scope="module")
async def served(
    migrated: Migrated, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[After]:
    """The same without a worker, for all tests of a module that only ask the API."""
    directory = tmp_path_factory.mktemp("served")
    with fresh_database(postgres_url, template=migrated.template) as url:
        async with running(url, directory) as service:
            yield After(migrated.dump, service, url)
