import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

REPOSITORY = Path(__file__).parent.parent
SOURCES = sorted((REPOSITORY / "src").rglob("*.py"))
LONGEST_FILE = 300


def test_layers_import_inwards_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert lint_imports() == 0


def test_every_top_level_module_has_a_place_in_the_layers() -> None:
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    contract, *_ = declared["tool"]["importlinter"]["contracts"]
    assert contract["exhaustive"] is True


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_file_fits_in_one_reading(source: Path) -> None:
    assert len(source.read_text().splitlines()) <= LONGEST_FILE


def test_the_domain_knows_only_the_standard_library_and_itself() -> None:
    foreign = {
        line
        for source in SOURCES
        if "domain" in source.parts
        for line in source.read_text().splitlines()
        if line.startswith(("import ", "from "))
        and line.split()[1].split(".")[0]
        in {"pydantic", "sqlalchemy", "fastapi", "httpx", "dns", "msgspec", "asyncio", "socket"}
    }
    assert foreign == set()
