"""A group of commands that are imported when they are called: help and errors cost no server.

The catalogue says of each command where it is and what help says of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, cast

import typer
from typer.core import TyperGroup
from typer.main import get_group


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, or one group of them.

    Attributes:
        place: module and name in it, as `byoip.cli.running:api`; a function or a `typer.Typer`.
        help: the first sentence of its own help.
    """

    place: str
    help: str


class _Commands(Mapping[str, Any]):
    """The commands by name; each is imported when it is looked up."""

    def __init__(self, catalogue: Mapping[str, Entry]) -> None:
        self._catalogue = catalogue

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = self._catalogue[name].place.partition(":")
        found = getattr(import_module(module), attribute)
        around = typer.Typer()
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=name)
        else:
            around.command(name)(found)
        return get_group(around).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogue)

    def __len__(self) -> int:
        return len(self._catalogue)


class LazyGroup(TyperGroup):
    """A group whose commands are in `catalogue`."""

    catalogue: ClassVar[Mapping[str, Entry]]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = cast("Any", _Commands(self.catalogue))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """The names, in the catalogue's order."""
        return list(self.catalogue)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write what the catalogue says of each."""
        told = typer.Typer(help=self.help, callback=lambda: None)
        for name, entry in self.catalogue.items():
            told.command(name, help=entry.help)(lambda: None)
        shown = get_group(told)
        shown.params = self.params
        shown.format_help(ctx, formatter)
