"""`byoip up` and `byoip demo`: everything in one process."""

import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from byoip.cli.credentials import CREDENTIALS_FILE
from byoip.cli.demo import Demo, DemoFailed
from byoip.cli.logs import configure_logs
from byoip.cli.ready import Ready
from byoip.cli.serving import bind
from byoip.cli.up import Wanted, data_directory, up
from byoip.settings import Mode
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings

_DEMO_SECONDS = 30

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]
DataDir = Annotated[Path | None, typer.Option(help="Where to keep data.")]


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
    tell = _tell(settings, "sandbox" if sandbox else "production")
    wanted = Wanted(sandbox=sandbox, ready_file=ready_file, bootstrap=bootstrap, then=tell)
    raise typer.Exit(up(settings, wanted))


def _tell(settings: Settings, mode: Mode) -> Callable[[Ready], Coroutine[None, None, int | None]]:
    async def tell(ready: Ready) -> int | None:
        # Lines are never broken for the terminal's sake: links and paths are copied.
        said = Console(stderr=True, soft_wrap=True)
        said.print(f"byoip is ready at {ready.base_url}")
        if ready.lacking:
            missing = ", ".join(ready.lacking)
            said.print(
                f"Missing, or not loaded yet: {missing}. `byoip doctor` says more, with the fix "
                "for each."
            )
        if ready.api_token:
            file = data_directory(settings, mode) / CREDENTIALS_FILE
            said.print(f"An account's credential and an operator's: {file}")
        else:
            said.print("Credentials: `byoip account create`, then `byoip token create`.")
        if ready.sign_in_link:
            said.print("To look at it in a browser, once and within an hour:")
            said.print(f"  {ready.sign_in_link}")
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


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="Stop when done.")] = False,
    port: Port = None,
    data_dir: DataDir = None,
) -> None:
    """Onboard three prefixes against the sandbox, as a customer would."""
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
