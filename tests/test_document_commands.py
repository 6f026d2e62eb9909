"""Every command of byoip that a document names is there, with the options that it is given."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from tests.net.today import cli
from tests.test_documents import DOCUMENTS, REPOSITORY

_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_OF_A_LINE = re.compile(r"^(?: {4,}|\$ )?(?:docker compose exec (?:-T )?\w+ )?(byoip .*)$")
_PLACEHOLDER = re.compile(r"\.\.\.|…|[A-Z][A-Z_/]*|<\w+>")


def commands(document: Path) -> Iterator[str]:
    """As they are typed: between backticks, in blocks, and in indented lines."""
    yield from whole_commands(document)
    for words in re.findall(r"`(byoip [^`]+)`", _BLOCK.sub("", document.read_text())):
        yield " ".join(words.split())


def whole_commands(document: Path) -> Iterator[str]:
    """Those of blocks and of indented lines, which a reader copies."""
    text = document.read_text()
    for block in _BLOCK.findall(text):
        yield from _lines(block)
    prose = _BLOCK.sub("", text)
    yield from _lines("\n".join(one for one in prose.splitlines() if one.startswith("    ")))


def _lines(block: str) -> Iterator[str]:
    for line in re.sub(r"\\\n\s*", "", block).splitlines():
        if found := _OF_A_LINE.match(line):
            yield found[1]


def walked(words: list[str]) -> tuple[Any, str]:
    """The command that the words lead to, and the first that is no command or option on the way."""
    command: Any = cli()
    for word in words[1:]:
        if word.startswith("-"):
            options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
            if word.partition("=")[0] not in {*options, "--help", "--"}:
                return command, word
        elif isinstance(command, TyperGroup):
            if _PLACEHOLDER.fullmatch(word):
                break
            if word not in command.commands:
                return command, word
            command = command.commands[word]
    return command, ""


def unknown(words: list[str]) -> str:
    """The first word that is no command or option there; empty: all are."""
    return walked(words)[1]


def lacking(words: list[str]) -> set[str]:
    """The options that the command demands, and that neither it nor the environment is given."""
    command, _ = walked(words)
    if isinstance(command, TyperGroup) or "--help" in words:
        return set()
    given = {word.partition("=")[0] for word in words}
    return {
        one.opts[0]
        for one in command.params
        if one.required and not one.envvar and one.opts[0].startswith("-")
        if not given & {*one.opts}
    }


def words_of(typed: str) -> list[str]:
    """Without what the shell does."""
    return shlex.split(re.split(r"\s[#|>&]", typed)[0].replace("'", ""))


_EACH = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY))
)


@_EACH
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    found = {typed: unknown(words_of(typed)) for typed in commands(document)}
    assert not {typed: word for typed, word in found.items() if word}


@_EACH
def test_every_command_to_be_copied_has_what_it_demands(document: Path) -> None:
    found = {typed: lacking(words_of(typed)) for typed in whole_commands(document)}
    assert not {typed: options for typed, options in found.items() if options}


def test_a_command_without_its_reason_is_found() -> None:
    assert lacking(["byoip", "kill-switch", "start", "offboard"]) == {"--reason"}


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("byoip operator routes shown", "shown"),
        ("byoip operator routes show --all-of-them", "--all-of-them"),
        ("byoip operator speakers drain ams1 --until ...", ""),
    ],
)
def test_a_command_that_is_none_is_found(typed: str, word: str) -> None:
    assert unknown(typed.split()) == word
