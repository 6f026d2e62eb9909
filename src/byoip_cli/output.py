"""What commands print: tables and lines for people, or JSON, which is what the API said.

Data goes to stdout, and what is said about it to stderr.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from byoip_cli.faults import CommandFailed

_WIDE = 240  # for pipes and files, where there is no terminal to fit into
_WHOLE = frozenset({"id", "cidr", "account", "kind", "name", "number", "at"})  # never broken
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_TOLD = 200
_PLACE = re.compile(r"\S*(?:[0-9a-f]{32}|[0-9a-f.:]+/\d+)\S*")  # an id or a CIDR among words
_NARROW = 24  # so much of what may be broken stands in one line
# Controls but for tabs and ends of lines (ECMA-48 in seven bits and in eight), marks of direction.
_STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_AS_JSON: ContextVar[bool] = ContextVar("as_json", default=False)


def set_json(*, wanted: bool) -> None:
    """Have what this command prints be JSON, or not."""
    _AS_JSON.set(wanted)


def as_json() -> bool:
    """Whether this command prints JSON."""
    return _AS_JSON.get()


def show_json(result: Any) -> bool:
    """Print a result as JSON where that is wanted; False: it is not."""
    if as_json():
        echo(json.dumps(result, ensure_ascii=False))
    return as_json()


def harmless(text: str) -> str:
    """The same, with what would steer a terminal spelt out, as JSON may: servers choose words."""
    return _STEERS.sub(lambda one: f"\\u{ord(one[0]):04x}", text)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print, whatever a server has put into it."""
    typer.echo(harmless(text), err=err, nl=nl)


def say(sentence: str) -> None:
    """Print something about what is done, for people; never among the data."""
    echo(sentence, err=True)


def show_table(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    *told: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    title: str | None = None,
) -> None:
    """Print a row for each object, a column for each of these members; as JSON all members.

    Where the terminal is too narrow for whole ids and CIDRs, a block for each object.

    Args:
        columns: names of members.
        rows: as the API said them.
        told: each gives members that people read of a row, besides or instead of the API's.
        title: where one command prints several tables.
    """
    every = list(rows)
    if show_json(every):
        return
    for more in told:
        every = [{**row, **more(row)} for row in every]
    table = Table(title=title, title_justify="left")
    for name in columns:
        whole = name in _WHOLE or name.endswith(("_id", "_at"))
        lines = [line for row in every for line in shown(row[name]).split("\n")]
        longest = max((len(line) for line in lines), default=0)
        unbroken = max((len(one) for line in lines for one in _PLACE.findall(line)), default=0)
        least = longest if whole else max(min(longest, _NARROW), unbroken)
        narrow = max(len(name), least)
        table.add_column(_title(name), no_wrap=whole, overflow="fold", min_width=narrow)
    for row in every:
        # Text, not markup: customers choose some of these values.
        table.add_row(*(Text(harmless(shown(row[name]))) for name in columns))
    console = _console()
    unbounded = console.options.update(width=10_000)
    if Measurement.get(console, unbounded, table).minimum <= console.width:
        console.print(table)
        return
    if title:
        echo(f"{title}\n")
    for row in every:
        _show_lines({name: row[name] for name in columns})
        echo()


def show_object(result: Mapping[str, Any]) -> None:
    """Print one object, a line for each member; no line is broken, so texts can be pasted."""
    if show_json(result):
        return
    _show_lines(result)


def go_on(touched: str, *, yes: bool) -> None:
    """Say first what a command touches; a person at a terminal is asked.

    Raises:
        CommandFailed: they said no.
    """
    say(touched)
    if yes or not sys.stdin.isatty():
        return
    echo("Go on? [y/N] ", err=True, nl=False)  # not `typer.confirm`: it writes to stdout
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandFailed("Nothing was done.")


def _show_lines(members: Mapping[str, Any]) -> None:
    wide = max(len(name) for name in members)
    for name, value in members.items():
        first, *others = _in_lines(value).split("\n")
        echo(f"{_title(name):<{wide}}  {first}")
        for line in others:
            echo(f"{'':<{wide}}  {line}")


def _in_lines(value: object, indent: str = "") -> str:
    """A value with room: what is in it has lines of its own."""
    if isinstance(value, dict) and value:
        lines = []
        for name, one in value.items():
            told = _in_lines(one, f"{indent}  ")
            nested = isinstance(one, dict | list) and bool(one)
            lines.append(f"{indent}{name}: " + (f"\n{told}" if nested else told.lstrip()))
        return "\n".join(lines)
    if isinstance(value, list) and value:
        return "\n".join(_in_lines(one, indent) for one in value)
    return f"{indent}{shown(value)}"


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDE)


def _title(name: str) -> str:
    return name.replace("_", " ")


def legible(told: str) -> str:
    """Foreign words on one line, cut; what would steer a terminal is spelt out."""
    cut = told if len(told) <= _TOLD else f"{told[: _TOLD - 3]}..."
    return "".join(one if one.isprintable() else f"<U+{ord(one):04X}>" for one in cut).strip()


def shown(value: object) -> str:
    """One value, for people."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(shown(one) for one in value) or "-"
    if isinstance(value, dict):
        told = ((name, shown(one).replace("\n", " ")) for name, one in value.items())
        return ", ".join(f"{name}: {one}" for name, one in told) or "-"
    text = str(value)
    return f"{text[:10]} {text[11:19]}Z" if _MOMENT.fullmatch(text) else text
