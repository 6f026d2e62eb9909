"""The `byoip` command: what there is, and where; nothing of a server is imported here."""

import gc
import logging
import sys
from importlib.metadata import version
from typing import Annotated, ClassVar, Never

import typer
from rich.console import Console

from byoip.cli.lazy import Entry, LazyGroup
from byoip.cli.logs import configure_logs
from byoip.domain.errors import Fixable, Refusal

_UNUSABLE = 2
# Hardly anything that is imported is garbage, and looking among it is a sixth of a start's time.
_GARBAGE = (100_000, 20, 10)


class Commands(LazyGroup):
    """All commands."""

    catalogue: ClassVar = {
        "up": Entry(
            "byoip.cli.starting:start", "Start everything in one process: Postgres, API, worker."
        ),
        "demo": Entry(
            "byoip.cli.starting:demo",
            "Onboard two prefixes against the sandbox, as a customer would.",
        ),
        "api": Entry(
            "byoip.cli.running:api", "Serve the API on DATABASE_URL; start as many as you like."
        ),
        "worker": Entry(
            "byoip.cli.running:worker",
            "Carry out validations and periodic jobs; start as many as you like.",
        ),
        "migrate": Entry(
            "byoip.cli.migrating:migrate_database",
            "Bring the database to this version's revision and offer the services of the settings.",
        ),
        "account": Entry("byoip.cli.accounts:accounts_app", "Customers; more under `operator`."),
        "token": Entry(
            "byoip.cli.accounts:tokens_app",
            "Their credentials, and the operator's; more under `operator`.",
        ),
        "person": Entry(
            "byoip.cli.accounts:people_app",
            "People who sign in on pages; more there, under People.",
        ),
        "rpki": Entry("byoip.cli.rpki:rpki_app", "ROA data."),
        "operator": Entry(
            "byoip.cli.operator.accounts:operator_app",
            "What operators do to a running service, over its API.",
        ),
        "webhooks": Entry(
            "byoip.cli.webhooks.commands:webhooks_app",
            "A customer's webhooks, over the API of a running service.",
        ),
        "advertise": Entry(
            "byoip.cli.advertise:advertise_app",
            "What BGP speakers announce, in the database itself, for when the API is down. "
            "Otherwise `byoip operator routes`.",
        ),
        "kill-switch": Entry(
            "byoip.cli.kill_switch:kill_switch_app",
            "Stop a kind of job in the database itself; works while the API is down.",
        ),
        "init": Entry(
            "byoip.cli.first_hour.init:init",
            "Write a settings file with comments, to begin with; it replaces none.",
        ),
        "doctor": Entry(
            "byoip.cli.doctor.command:doctor",
            "Look at everything that the service needs here, and say what is missing and the fix.",
        ),
        "config": Entry("byoip.cli.config:config_app", "Settings."),
    }


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Bring your own IP: customers prove that they hold a prefix and put it on the Internet.",
)


@app.callback(invoke_without_command=True)
def every_command(
    ctx: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Set up logging for every command."""
    if show_version:
        typer.echo(version("byoip"))
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit(_UNUSABLE)
    configure_logs(logging.INFO if ctx.invoked_subcommand in _SERVERS else logging.WARNING)


_SERVERS = frozenset({"up", "api", "worker"})


def main() -> None:
    """Run a command; a fault that the operator can fix is told in one sentence, without a trace."""
    gc.set_threshold(*_GARBAGE)
    try:
        app()
    except (Fixable, Refusal, OSError) as fault:
        _end(str(fault))


def _end(message: str) -> Never:
    Console(stderr=True).print(message, style="red", markup=False, highlight=False)
    sys.exit(_UNUSABLE)
