"""The official npm package, and types that openapi-typescript makes: checked, then run on node."""

import shutil
from pathlib import Path

import pytest

from tests.clients.parts import HERE, NODE_MODULES, Part, require
from tests.clients.stories import Tell, run

pytestmark = pytest.mark.real
NEEDED = (Part.NODE, Part.PACKAGES)


@pytest.fixture(scope="module")
def compiled(document: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All programs, through the strict type checker."""
    require(*NEEDED)
    directory = tmp_path_factory.mktemp("javascript")
    for source in (HERE / "npm").iterdir():
        if source.is_file():
            shutil.copy(source, directory)
    (directory / "node_modules").symlink_to(NODE_MODULES)
    programs = NODE_MODULES / ".bin"
    types = directory / "schema.d.ts"
    # What has a default may be left out: the tool's own choice is the other way round.
    run(programs / "openapi-typescript", document, "-o", types, "--default-non-nullable=false")
    run(programs / "tsc", "--project", directory)
    return directory / "out"


@pytest.mark.parametrize(("program", "number"), [("official.js", 62), ("generated.js", 63)])
def test_it_goes_the_whole_way(
    compiled: Path, tell: Tell, tmp_path: Path, program: str, number: int
) -> None:
    assert run("node", compiled / program, tell(number).write(tmp_path)) == "done\n"


def test_1_1_the_iterators_of_accounts_end_for_customer_and_operator(
    compiled: Path, tell: Tell, tmp_path: Path
) -> None:
    """Sixty accounts; which prefix the story has does not matter."""
    assert run("node", compiled / "accounts.js", tell(62).write(tmp_path)) == "done\n"
