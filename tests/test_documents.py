"""What documents say of the tree is true, and they can be read in a terminal."""

import re
import tomllib
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import pytest

from byoip.cli import stopping
from byoip.cli.commands import CATALOGUE
from byoip.store import transaction

REPOSITORY = Path(__file__).parent.parent
PACKAGE = REPOSITORY / "src" / "byoip"
GENERATED = REPOSITORY / "docs" / "errors.md"
DOCUMENTS = sorted(
    {
        *(REPOSITORY / f"{one}.md" for one in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")),
        *(REPOSITORY / "docs").rglob("*.md"),
    }
)
LONGEST_LINE = 100
FOLDERS = {
    one.name
    for root in (REPOSITORY, PACKAGE)
    for one in root.iterdir()
    if one.is_dir() and not one.name.startswith((".", "_"))
}
of_every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY))
)


def in_code(document: Path) -> Iterator[str]:
    """What stands between backticks, outside of blocks."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", text)


def named_paths(document: Path) -> Iterator[str]:
    """Paths, and files of the program, as patterns: `<area>` and … stand for any name."""
    for words in in_code(document):
        first = words.split("/")[0]
        if re.fullmatch(r"[\w./<>*…-]+", words) and (
            (first in FOLDERS and "/" in words) or words.endswith(".py")
        ):
            yield re.sub(r"<\w+>|…", "*", words.rstrip("/"))


@of_every_document
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    missing = {
        path
        for path in named_paths(document)
        if not any(any(root.glob(path)) for root in (REPOSITORY, PACKAGE))
    }
    assert not missing


@of_every_document
def test_every_module_that_a_document_names_exists(document: Path) -> None:
    modules = {words for words in in_code(document) if re.fullmatch(r"byoip(\.[a-z_]\w*)+", words)}
    paths = [PACKAGE.parent / one.replace(".", "/") for one in sorted(modules)]
    assert not [one for one in paths if not (one.is_dir() or one.with_suffix(".py").is_file())]


@of_every_document
def test_every_link_to_another_document_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)\s]+)\)", document.read_text())
    assert not [one for one in links if not leads_somewhere(document, one)]


def leads_somewhere(document: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = document.parent / name if name else document
    return target.exists() and (not anchor or anchor in anchors(target))


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", one.lower()) for one in headings)
    return {one.replace(" ", "-") for one in kept}


@of_every_document
def test_every_make_target_that_a_document_names_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = {one for words in in_code(document) for one in re.findall(r"^make ([a-z-]+)", words)}
    assert named <= targets


@of_every_document
def test_a_line_fits_into_a_terminal(document: Path) -> None:
    long = [
        number
        for number, line in enumerate(document.read_text().splitlines(), 1)
        if len(line) > LONGEST_LINE and not line.startswith("|") and "https://" not in line
    ]
    assert document == GENERATED or not long


def test_every_decision_is_listed() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {one.name for one in folder.glob("*.md")} - {"README.md"}


def test_every_repository_that_the_order_of_locks_names_exists() -> None:
    named = re.findall(r"`tx\.(\w+)(?:\.(\w+))?`", transaction.__doc__ or "")
    assert named
    assert not [one for one in named if not in_transaction(*one)]


def in_transaction(repository: str, method: str) -> bool:
    made = vars(transaction.Transaction).get(repository)
    kind = made and getattr(transaction, made.func.__code__.co_names[0])
    return kind is not None and (not method or hasattr(kind, method))


def test_a_file_with_text_sql_says_why() -> None:
    files = [one for one in (PACKAGE / "store").rglob("*.py") if holds_text_sql(one.read_text())]
    assert len(files) > 10
    tops = {one.name: one.read_text().split('"""')[1] for one in files}
    assert not [name for name, top in tops.items() if not re.search(r"\b[Tt]ext|driver", top)]


def holds_text_sql(source: str) -> bool:
    begins = r"(SELECT|INSERT|UPDATE|DELETE|WITH|COPY)\b"
    return bool(re.search(rf'\b(text|from_text|execute)\(\s*f?"+\s*{begins}', source))


def test_the_newest_change_is_of_this_version() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    newest = re.findall(
        r"^## (\S+?)(?:,|$)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert newest[0] == project["version"]


def test_stumble_25_units_of_systemd_start_commands_that_there_are_and_let_them_end() -> None:
    units = sorted((REPOSITORY / "docs" / "systemd").glob("*.service"))
    assert len(units) == 3
    for unit in units:
        told = RawConfigParser(strict=True)
        told.read(unit)
        service = told["Service"]
        command = service["ExecStart"].split()[1]
        assert command in CATALOGUE
        assert int(service["TimeoutStopSec"]) > stopping._END_SECONDS
        assert service["Restart"] == "always", "one that starts before Postgres ends with status 2"
