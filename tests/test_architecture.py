"""The house keeps its plan: who may import whom, and how long, full and speechless things get."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

REPOSITORY = Path(__file__).parent.parent
SOURCES = sorted((REPOSITORY / "src").rglob("*.py"))
TESTS = sorted((REPOSITORY / "tests").rglob("*.py"))
CONTRIBUTING = REPOSITORY / "CONTRIBUTING.md"
LONGEST_FILE = 300
FULLEST_FOLDER = 20
CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
PLANTS = {  # the contract that an import breaks, and no other
    "Outer layers import inner ones; neighbours do not import each other": {
        "domain/asn.py": "byoip.ports.clock",
        "adapters/https_download.py": "byoip.store.transaction",
        "worker/schedule.py": "byoip.api.application",
        "web/site.py": "byoip.api.border.backend",
        "api/pages.py": "byoip.web.pages",
    },
    "Use cases ask the outside through ports, never an adapter": {
        "usecases/border.py": "byoip.adapters.child_process",
    },
    "Only the store and the composition speak SQL": {
        "usecases/border.py": "sqlalchemy",
        "api/application.py": "psycopg",
        "worker/schedule.py": "sqlalchemy.sql",
    },
    "Outer layers read the store, and write only through its transactions": {
        "api/application.py": "byoip.store.claims.claims",
        "worker/schedule.py": "byoip.store.checks.runs",
        "web/site.py": "byoip.store.claims.claims",
    },
    "Only what signs letters loads the libraries for them": {
        "composition/process.py": "pyhanko.sign",
    },
    "Commands that only speak HTTP, and help, import nothing of a server": {
        "../byoip_cli/operator/edges.py": "sqlalchemy",
        "../byoip_cli/lazy.py": "psycopg",
    },
    "Production reaches nothing of the sandbox": {
        "cli/up.py": "byoip.sandbox.control",
        "composition/api.py": "byoip.composition.sandbox",
        "web/pages.py": "byoip.web.sandbox.panel",
    },
    "The command line's own package imports nothing of the service": {
        "../byoip_cli/client.py": "byoip.domain.errors",
    },
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, in which an import may be planted."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(REPOSITORY / "pyproject.toml", copy)
    shutil.copytree(REPOSITORY / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def broken(house: Path) -> list[str]:
    """The contracts that do not hold, as `lint-imports` names them."""
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(.+) (KEPT|BROKEN)", ran.stdout, re.MULTILINE)
    assert len(found) == len(CONTRACTS), ran.stdout + ran.stderr
    return [name for name, verdict in found if verdict == "BROKEN"]


def test_every_contract_holds(house: Path) -> None:
    assert broken(house) == []


def test_every_contract_has_an_import_that_breaks_it() -> None:
    assert {contract["name"] for contract in CONTRACTS} == set(PLANTS)


@pytest.mark.parametrize(
    ("contract", "file", "imported"),
    [(name, file, what) for name, plants in PLANTS.items() for file, what in plants.items()],
)
def test_a_planted_import_breaks_its_contract(
    house: Path, contract: str, file: str, imported: str
) -> None:
    planted = house / "src" / "byoip" / file
    before = planted.read_text()
    planted.write_text(f"{before}\nimport {imported}\n")
    try:
        assert broken(house) == [contract]
    finally:
        planted.write_text(before)


def test_every_top_level_module_has_a_place_in_the_layers() -> None:
    assert CONTRACTS[0]["exhaustive"] is True


def test_no_module_imports_itself_through_others() -> None:
    graph = grimp.build_graph("byoip", "byoip_cli", cache_dir=None)
    imports = {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the cycle


def test_a_file_fits_in_one_reading() -> None:
    lengths = {_path(file): len(file.read_text().splitlines()) for file in SOURCES + TESTS}
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_a_folder_is_seen_at_a_glance() -> None:
    files = Counter(_path(file.parent) for file in SOURCES if file.name != "__init__.py")
    assert {folder: many for folder, many in files.items() if many > FULLEST_FOLDER} == {}


def test_every_module_says_what_it_is_for() -> None:
    written = [one for one in SOURCES if one.name != "__init__.py" and "_pb2" not in one.name]
    silent = [_path(one) for one in written if not ast.get_docstring(ast.parse(one.read_text()))]
    assert silent == []


def test_the_domain_knows_only_the_standard_library_and_itself() -> None:
    modules = {
        module
        for file in SOURCES
        if "domain" in file.parts
        for node in ast.walk(ast.parse(file.read_text()))
        for module in _imported(node)
    }
    allowed = sys.stdlib_module_names - {"asyncio", "socket"} | {"byoip"}
    assert {module for module in modules if module.partition(".")[0] not in allowed} == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def _path(file: Path) -> str:
    return str(file.relative_to(REPOSITORY))


def test_the_files_that_documents_name_exist() -> None:
    named = re.findall(r"`((?:src|tests|docs|tools)/[\w/.-]+)`", CONTRIBUTING.read_text())
    assert named
    assert [path for path in named if not (REPOSITORY / path).exists()] == []
