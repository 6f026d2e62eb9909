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
    text = document.read_text()
    for block in _BLOCK.findall(text):
        yield from _lines(block)
    prose = _BLOCK.sub("", text)
    yield from _lines("\n".join(one for one in prose.splitlines() if one.startswith("    ")))
    for words in re.findall(r"`(byoip [^`]+)`", prose):
        yield " ".join(words.split())


def _lines(block: str) -> Iterator[str]:
    for line in re.sub(r"\\\n\s*", "", block).splitlines():
        if found := _OF_A_LINE.match(line):
            yield found[1]


def unknown(words: list[str]) -> str:
    """The first word that is no command or option there; empty: all are."""
    command: Any = cli()
    for word in words[1:]:
        if word.startswith("-"):
            options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
            if word.partition("=")[0] not in {*options, "--help", "--"}:
                return word
        elif isinstance(command, TyperGroup):
            if _PLACEHOLDER.fullmatch(word):
                return ""
            if word not in command.commands:
                return word
            command = command.commands[word]
    return ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    missing = {}
    for typed in commands(document):
        words = shlex.split(re.split(r"\s[#|>&]", typed)[0].replace("'", ""))
        if word := unknown(words):
            missing[typed] = word
    assert not missing


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
