"""The client of the API that commands use."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import httpx
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from byoip.domain.errors import Fixable
from byoip.settings.names import OPERATOR_TOKEN_VARIABLE, URL_VARIABLE, SettingsError

_SECONDS = 30
_PAGE = 200
_WIDE = 240  # for pipes and files, where there is no terminal to fit into

Reason: TypeAlias = Annotated[str, typer.Option("--reason", help="Why; kept in the history.")]
ObjectId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="See `list`.")]


@dataclass(frozen=True, slots=True)
class Service:
    """Where the API is, and whose token is used.

    Attributes:
        root: below it are the paths that are asked.
        variable: where the token is read.
        maker: the command that makes one.
        as_json: answers are printed as they came.
    """

    url: str
    token: str
    root: str = "/client/v4/operator"
    variable: str = OPERATOR_TOKEN_VARIABLE
    maker: str = "byoip token create NAME"
    as_json: bool = False


class CommandFailed(Fixable):
    """The API refused, or could not be asked; the message is for the operator."""


def ask(
    ctx: typer.Context,
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
    query: Mapping[str, object] | None = None,
    seconds: float = _SECONDS,
) -> Any:
    """Make one call below the service's root and return the parsed answer.

    Raises:
        CommandFailed: anything but a success.
    """
    service: Service = ctx.obj
    if not service.token:
        raise SettingsError(f"{service.variable} is required; `{service.maker}` makes one.")
    given = {name: _text(value) for name, value in (query or {}).items() if value is not None}
    try:
        answer = httpx.request(
            method,
            f"{service.url.rstrip('/')}{service.root}{path}",
            headers={"authorization": f"Bearer {service.token}"},
            params=given,
            json=body,
            timeout=seconds,
        )
        parsed = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise CommandFailed(f"{service.url} (see {URL_VARIABLE}): {fault}") from None
    except ValueError:
        raise CommandFailed(f"{service.url} is not byoip: {answer.status_code}") from None
    if not answer.is_success:
        raise CommandFailed("\n".join(_told(one) for one in parsed.get("errors", [])))
    return parsed


def act(ctx: typer.Context, path: str, reason: str, **members: object) -> Any:
    """Make one POST with a reason and return its result."""
    return ask(ctx, "POST", path, {**members, "reason": reason})["result"]


def pages(ctx: typer.Context, path: str, *, by: str = "cursor", **query: object) -> Iterator[Any]:
    """Yield every item of a list, page by page."""
    place: str | None = None
    while True:
        answer = ask(ctx, "GET", path, query={**query, "per_page": _PAGE, by: place})
        yield from answer["result"]
        place = answer["result_info"]["cursor"]
        if place is None:
            return


def show_table(columns: Sequence[str], rows: Iterator[Any] | Sequence[Any]) -> None:
    """Print a table: a row for each object, a column for each of these members."""
    table = Table(*(name.replace("_", " ") for name in columns))
    for row in rows:
        # Text, not markup: customers choose some of these values.
        table.add_row(*(Text(_shown(row[name])) for name in columns))
    _console().print(table)


def show_object(shown: Mapping[str, Any]) -> None:
    """Print one object, a line for each member."""
    table = Table(show_header=False)
    for name, value in shown.items():
        table.add_row(name.replace("_", " "), Text(_shown(value)))
    _console().print(table)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDE)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(_shown(one) for one in value) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_shown(one)}" for name, one in value.items()) or "-"
    return str(value)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _told(error: Mapping[str, Any]) -> str:
    pointer = (error.get("source") or {}).get("pointer")
    return f"{error['message']} ({error['name']}{f', {pointer}' if pointer else ''})"
