"""The `byoip` command."""

import logging
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Never

import httpx
import typer
from rich.console import Console

from byoip.adapters.checks.resolver_check import resolver_complaint
from byoip.adapters.postgres.binaries import EmbeddedPostgresError
from byoip.cli.accounts import accounts_app, tokens_app
from byoip.cli.advertise import advertise_app
from byoip.cli.demo import Demo, DemoFailed
from byoip.cli.kill_switch import kill_switch_app
from byoip.cli.logs import configure_logs
from byoip.cli.opening import database_of, opened, why_away, with_composition
from byoip.cli.operator.accounts import operator_app
from byoip.cli.operator.client import CommandFailed
from byoip.cli.ready import Ready
from byoip.cli.rpki import rpki_app
from byoip.cli.running import run_api, run_worker
from byoip.cli.serving import bind, run
from byoip.cli.stopping import run_until_stopped
from byoip.cli.up import Wanted, up
from byoip.domain.errors import Refusal
from byoip.settings import Mode
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings, SettingsError, letter_notes, speaker_notes
from byoip.settings.parts import resolver_address
from byoip.store.migrating import CannotMigrate, check_revision, migrate
from byoip.store.unavailable import StoreUnavailable

_DEMO_SECONDS = 30
_UNUSABLE = 2

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Bring your own IP: customers prove that they hold a prefix and put it on the Internet.",
)
app.add_typer(accounts_app, name="account")
app.add_typer(tokens_app, name="token")
app.add_typer(rpki_app, name="rpki")
app.add_typer(operator_app, name="operator")
app.add_typer(advertise_app, name="advertise")
app.add_typer(kill_switch_app, name="kill-switch")
config_app = typer.Typer(no_args_is_help=True, help="Settings.")
app.add_typer(config_app, name="config")

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]
DataDir = Annotated[Path | None, typer.Option(help="Where to keep data.")]


@app.command("up")
def start(
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="A small Internet on loopback. Not for production.")
    ] = False,
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    ready_file: Annotated[
        Path | None,
        typer.Option(help="Written (mode 0600) when the service is ready, removed when it stops."),
    ] = None,
    bootstrap: Annotated[
        bool,
        typer.Option(
            "--bootstrap", help="Mint the first credentials although DATABASE_URL is set."
        ),
    ] = False,
) -> None:
    """Start everything in one process: Postgres, API, worker."""
    settings = read_settings(host=host, port=port, data_dir=data_dir)
    wanted = Wanted(
        sandbox=sandbox, ready_file=ready_file, bootstrap=bootstrap, then=_tell(settings)
    )
    raise typer.Exit(up(settings, wanted))


def _tell(settings: Settings) -> Callable[[Ready], Coroutine[None, None, int | None]]:
    async def tell(ready: Ready) -> int | None:
        said = Console(stderr=True)
        said.print(f"byoip is ready at {ready.base_url}")
        if ready.sandbox_control_url:
            said.print(f"Sandbox, not for production. Its control API: {ready.sandbox_control_url}")
        if settings.letter_key is None:
            said.print(
                "No BYOIP_LETTER_KEY: letters of agency are signed with a key of its own, made in "
                "the data directory."
            )
        if not settings.speakers:
            said.print("No BYOIP_SPEAKERS: what would be announced is recorded only.")
        return None

    return tell


@app.command()
def demo(
    leave: Annotated[bool, typer.Option("--exit", help="Stop when done.")] = False,
    port: Port = None,
    data_dir: DataDir = None,
) -> None:
    """Onboard two prefixes against the sandbox, as a customer would."""
    configure_logs(logging.WARNING)
    # The demonstration is the same everywhere: no database, ASN or limit comes from outside.
    settings = read_settings({}, port=_free(port), data_dir=data_dir)

    async def onboard(ready: Ready) -> int | None:
        console = Console()
        try:
            async with httpx.AsyncClient(timeout=_DEMO_SECONDS) as client:
                await Demo(ready, client, console)()
        except (DemoFailed, httpx.HTTPError) as fault:
            console.print(f"[bold red]The demonstration failed:[/] {fault}")
            return 1
        if not leave:
            console.print("Serving until Ctrl-C.")
        return 0 if leave else None

    raise typer.Exit(up(settings, Wanted(sandbox=True, then=onboard)))


def _free(port: int | None) -> int:
    """Return the port asked for, else the usual one, or a free one if that is taken."""
    if port is not None:
        return port
    usual = read_settings({}).port
    try:
        bind("127.0.0.1", usual).close()
    except OSError:
        return 0
    return usual


@app.command()
def api(host: Host = None, port: Port = None) -> None:
    """Serve the API on DATABASE_URL; start as many as you like."""
    raise typer.Exit(run_until_stopped(partial(run_api, read_settings(host=host, port=port))))


@app.command()
def worker(
    rpki_cache: Annotated[
        Path | None, typer.Option(help="Refresh ROA data too, in this directory.")
    ] = None,
) -> None:
    """Carry out validations and periodic jobs; start as many as you like."""
    raise typer.Exit(run_until_stopped(partial(run_worker, read_settings(), rpki_cache)))


@app.command("migrate")
def migrate_database(
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Stamp an empty database for the sandbox.")
    ] = False,
) -> None:
    """Bring the database to this version's revision and offer the services of the settings.

    Safe to run at any time.
    """
    settings = read_settings()
    mode: Mode = "sandbox" if sandbox else "production"
    migrate(database_of(settings), mode)
    with_composition(lambda composition: composition.offer_services())
    typer.echo("The database is at this version's revision.")


@config_app.command("check")
def check(
    offline: Annotated[
        bool, typer.Option("--offline", help="Read the settings only; ask no other party.")
    ] = False,
) -> None:
    """Read the settings, print them without secrets; ask the database, and the resolvers.

    Changes nothing: to be run before processes start with these settings.
    """
    settings = read_settings()
    shown = settings.model_dump(mode="json", fallback=str)
    for name in ("database_url", "rpki_feed_url"):  # may hold passwords
        shown[name] = "set" if getattr(settings, name) else None
    for name, value in shown.items():
        typer.echo(f"{name} = {value}")
    for note in (*speaker_notes(settings), *letter_notes(settings)):
        typer.echo(note)
    if not offline and run(_check_parties(settings)):
        raise typer.Exit(1)


async def _check_parties(settings: Settings) -> int:
    return await _check_database(settings) + await _check_resolvers(settings)


async def _check_database(settings: Settings) -> int:
    if settings.database_url is None:
        return 0
    composition = opened(settings)
    try:
        state = await check_revision(composition.engine)
    except StoreUnavailable as fault:
        typer.echo(f"database: cannot be reached: {why_away(fault)}", err=True)
        return 1
    finally:
        await composition.close()
    typer.echo(f"database: has revision {state.found}, this version needs {state.expected}")
    return 0


async def _check_resolvers(settings: Settings) -> int:
    complaints = 0
    for text in settings.resolvers:
        complaint = await resolver_complaint(*resolver_address(text))
        complaints += complaint is not None
        typer.echo(f"resolver {text}: {complaint or 'validates DNSSEC'}", err=bool(complaint))
    return complaints


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
    try:
        app()
    except (SettingsError, CannotMigrate, EmbeddedPostgresError, CommandFailed) as fault:
        _end(str(fault))
    except Refusal as refusal:
        _end(refusal.message)
    except StoreUnavailable as fault:
        _end(f"The database cannot be reached: see DATABASE_URL. {why_away(fault)}")
    except OSError as fault:
        _end(str(fault))


def _end(message: str) -> Never:
    Console(stderr=True).print(message, style="red", markup=False, highlight=False)
    sys.exit(_UNUSABLE)
