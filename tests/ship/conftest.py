"""One engine with its images for all tests that ask for a site; a site of its own for each."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import directory_open_to_all
from tests.ship.engine import REPOSITORY, Engine, engine, what_is_missing
from tests.ship.site import Site

BEFORE = "9deef9d"  # the last commit of the version before, database revision 0013


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
    tree = tmp_path_factory.mktemp("before")
    packed = subprocess.check_output(["git", "-C", REPOSITORY, "archive", BEFORE])
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tree, filter="data")
    return tree
