"""A group of commands that are imported when they are called: help and errors cost no server.

The catalogue says of each command where it is and what help says of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Annotated, Any, ClassVar, cast

import typer
import typer.core
from typer.core import TyperGroup
from typer.main import get_command, get_group

from byoip_cli.output import set_json


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, or one group of them.

    Attributes:
        place: module and name in it, as `byoip.cli.running:api`; a function or a `typer.Typer`.
        help: the first sentence of its own help.
        speaks: it shows what the API answers, so each of its commands takes `--json`.
    """

    place: str
    help: str
    speaks: bool = False


class _Commands(Mapping[str, Any]):
    """The commands by name; each is imported when it is looked up."""

    def __init__(self, catalogue: Mapping[str, Entry]) -> None:
        self._catalogue = catalogue

    def __getitem__(self, name: str) -> Any:
        entry = self._catalogue[name]
        module, _, attribute = entry.place.partition(":")
        found = getattr(import_module(module), attribute)
        around = typer.Typer()
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=name)
        else:
            around.command(name)(found)
        command = get_group(around).commands[name]
        if entry.speaks:
            _take_json(command)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogue)

    def __len__(self) -> int:
        return len(self._catalogue)


def _take_json(command: Any) -> None:
    """Have this command take `--json`, or each one below it."""
    below = getattr(command, "commands", {})
    for one in below.values():
        _take_json(one)
    if not below and all("--json" not in one.opts for one in command.params):
        command.params.append(_json_option())


@cache
def _json_option() -> Any:
    told = typer.Typer()

    @told.command()
    def _(
        as_json: Annotated[
            bool, typer.Option("--json", help="Print results as JSON.", callback=_wish)
        ] = False,
    ) -> None:
        del as_json

    [option] = [one for one in get_command(told).params if one.opts == ["--json"]]
    option.expose_value = False
    return option


def _wish(given: bool) -> None:  # noqa: FBT001 - typer's signature
    if given:
        set_json(wanted=True)


def group_of(every: Mapping[str, Entry]) -> type["LazyGroup"]:
    """A group of these commands."""

    class Commands(LazyGroup):
        catalogue = every

    return Commands


class LazyGroup(TyperGroup):
    """A group whose commands are in `catalogue`."""

    catalogue: ClassVar[Mapping[str, Entry]]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = cast("Any", _Commands(self.catalogue))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """The names, in the catalogue's order."""
        return list(self.catalogue)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The names that begin so, for a shell; none of the commands is imported."""
        named = [
            typer.core.CompletionItem(name, help=entry.help)  # type: ignore[attr-defined]
            for name, entry in self.catalogue.items()
            if name.startswith(incomplete)
        ]
        options: list[Any] = super(TyperGroup, self).shell_complete(ctx, incomplete)
        return [*named, *options]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write what the catalogue says of each."""
        told = typer.Typer(help=self.help, callback=lambda: None)
        for name, entry in self.catalogue.items():
            told.command(name, help=entry.help)(lambda: None)
        shown = get_group(told)
        shown.params = self.params
        shown.format_help(ctx, formatter)
