"""One engine with its images for all tests that ask for a site; a site of its own for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import directory_open_to_all
from tests.ship.engine import Engine, engine, what_is_missing
from tests.ship.site import Site
from tests.versions import AT, lay_tree


@pytest.fixture(scope="session")
def running_engine() -> Iterator[Engine]:
    if missing := what_is_missing():
        pytest.skip(missing)
    with directory_open_to_all() as directory, engine(directory) as made:
        yield made


@pytest.fixture
def empty_site(running_engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """Nothing laid and nothing up."""
    folder = tmp_path / "site"
    folder.mkdir()
    found = Site(running_engine, folder)
    yield found
    found.try_compose("down", "--volumes", "--remove-orphans")


@pytest.fixture
def site(empty_site: Site) -> Site:
    """As a new user has it; nothing up."""
    empty_site.lay()
    return empty_site


@pytest.fixture(scope="session")
def tree_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the version before."""
    return lay_tree(AT["0013"], tmp_path_factory.mktemp("before"))
