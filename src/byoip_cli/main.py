"""The `byoip` command: what there is, and where; other packages plug their commands in."""

import gc
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Annotated, Final, Never

import typer
from rich.console import Console

from byoip_cli import __version__
from byoip_cli.faults import CommandFailed, Status
from byoip_cli.lazy import Entry, group_of
from byoip_cli.names import PROFILE_VARIABLE
from byoip_cli.output import as_json, echo, harmless, set_json

_GROUP: Final = "byoip.commands"  # of entry points, each of a `Plug`
# Hardly anything that is imported is garbage, and looking among it is a sixth of a start's time.
_GARBAGE: Final = (100_000, 20, 10)

CATALOGUE: Final[Mapping[str, Entry]] = {
    "login": Entry(
        "byoip_cli.signing_in:login",
        "Keep a token in a profile; it is pasted, or read from stdin.",
        speaks=True,
    ),
    "whoami": Entry(
        "byoip_cli.signing_in:whoami",
        "Show which account the token is for, what it may do, and when it ends.",
        speaks=True,
    ),
    "prefixes": Entry(
        "byoip_cli.customer.prefixes:prefixes_app",
        "A customer's prefixes, over the API of a running service.",
        speaks=True,
    ),
    "asns": Entry(
        "byoip_cli.customer.asns:asns_app",
        "AS numbers of your own, and their proof.",
        speaks=True,
    ),
    "webhooks": Entry(
        "byoip_cli.webhooks.commands:webhooks_app",
        "A customer's webhooks, over the API of a running service.",
        speaks=True,
    ),
    "operator": Entry(
        "byoip_cli.operator.accounts:operator_app",
        "What operators do to a running service, over its API.",
        speaks=True,
    ),
    "audit": Entry(
        "byoip_cli.operator.audit:audit_app",
        "Whether the operators' history is what it was, over the API of a running service.",
        speaks=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Plug:
    """What another package adds to the command.

    Attributes:
        catalogue: its commands.
        faults: that are told in one sentence, without a trace; the status is `USAGE`.
        begin: called with a command's name before it runs.
    """

    catalogue: Mapping[str, Entry]
    faults: tuple[type[Exception], ...]
    begin: Callable[[str], None]


def application(plugs: Sequence[Plug]) -> typer.Typer:
    """The command, with what these packages add."""
    every = {**CATALOGUE}
    for plug in plugs:
        every |= plug.catalogue
    app = typer.Typer(
        cls=group_of(every),
        pretty_exceptions_enable=False,
        help="Bring your own IP: customers prove that they hold a prefix and put it on the "
        "Internet.",
    )

    @app.callback(invoke_without_command=True)
    def every_command(
        ctx: typer.Context,
        show_version: Annotated[
            bool, typer.Option("--version", is_eager=True, help="Print the version.")
        ] = False,
        profile: Annotated[
            str | None,
            typer.Option(
                envvar=PROFILE_VARIABLE, help="Whose address and token, of those of `login`."
            ),
        ] = None,
    ) -> None:
        """Begin any command."""
        del profile  # commands that need it read it of the context
        set_json(wanted=False)
        if show_version:
            typer.echo(__version__)
            raise typer.Exit
        if ctx.invoked_subcommand is None:
            typer.echo(ctx.get_help())
            raise typer.Exit(Status.USAGE)
        for plug in plugs:
            if ctx.invoked_subcommand in plug.catalogue:
                plug.begin(ctx.invoked_subcommand)

    return app


def run(plugs: Sequence[Plug]) -> None:
    """Run a command; a fault that a person can fix is told in one sentence, without a trace."""
    gc.set_threshold(*_GARBAGE)
    faults: tuple[type[Exception], ...] = (OSError,)
    for plug in plugs:
        faults += plug.faults
    try:
        application(plugs)()
    except CommandFailed as failed:
        if as_json() and failed.errors:
            echo(json.dumps({"errors": failed.errors}, ensure_ascii=False), err=True)
            sys.exit(failed.status)
        _end(str(failed), failed.status)
    except faults as fault:
        _end(str(fault), Status.USAGE)


def main() -> None:
    """Run a command of this package, or of one that plugs in."""
    run([found.load() for found in entry_points(group=_GROUP)])


def _end(message: str, status: Status) -> Never:
    Console(stderr=True).print(
        harmless(message), style="red", markup=False, highlight=False, soft_wrap=True
    )
    sys.exit(status)
