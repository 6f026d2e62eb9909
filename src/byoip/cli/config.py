"""`byoip config`: the settings, read and shown."""

import asyncio
from importlib import import_module
from typing import Annotated

import typer

from byoip.adapters.checks.resolver_check import resolver_complaint
from byoip.adapters.system_clock import SystemClock
from byoip.cli.opening import opened, require_stamp
from byoip.cli.serving import LETTERS
from byoip.composition.connecting import tls_of
from byoip.composition.connections import connection_notes
from byoip.composition.mailing import relay_of
from byoip.composition.notifying import hook_signer
from byoip.composition.sign_in import signs_in_of
from byoip.composition.speaking import neighbour_notes
from byoip.settings.loader import read_settings
from byoip.settings.model import (
    Settings,
    require_served,
)
from byoip.settings.names import SettingsError
from byoip.settings.notes import (
    letter_notes,
    mail_notes,
    sign_in_notes,
    speaker_notes,
    webhook_notes,
)
from byoip.settings.parts import resolver_address
from byoip.settings.toml import settings_toml
from byoip.store.migrating import check_revision
from byoip.store.poolers import refuse_unfit_pooler
from byoip.store.server_settings import look_at_server
from byoip.store.unavailable import StoreUnavailable

config_app = typer.Typer(no_args_is_help=True, help="Settings.")


@config_app.command("check")
def check(
    offline: Annotated[
        bool, typer.Option("--offline", help="Read the settings only; ask no other party.")
    ] = False,
) -> None:
    """Read the settings, print them without secrets; ask database, speakers, resolvers.

    Changes nothing: to be run before processes start with these settings.
    """
    settings = read_settings()
    tls_of(settings)
    if settings.letter_key is not None:
        import_module(LETTERS).configured_signer(settings)
    hook_signer(settings)
    relay_of(settings)
    signs_in_of(settings, SystemClock())
    typer.echo(settings_toml(settings))
    for notes in (speaker_notes, letter_notes, webhook_notes, mail_notes, sign_in_notes):
        for note in notes(settings):
            typer.echo(f"# {note}")
    refused = _refused(settings)
    if not offline and asyncio.run(_check_parties(settings)) + refused:
        raise typer.Exit(1)


def _refused(settings: Settings) -> int:
    """Say what `up` and `api` would refuse."""
    try:
        require_served(settings)
    except SettingsError as fault:
        typer.echo(str(fault), err=True)
        return 1
    return 0


async def _check_parties(settings: Settings) -> int:
    for note in await neighbour_notes(settings):
        typer.echo(note)
    return await _check_database(settings) + await _check_resolvers(settings)


async def _check_database(settings: Settings) -> int:
    if settings.database_url is None:
        return 0
    composition = opened(settings)
    try:
        await refuse_unfit_pooler(settings.database_url)
        state = await check_revision(composition.engine)
        await require_stamp(composition)
        server = await look_at_server(composition.engine)
    except StoreUnavailable as fault:
        typer.echo(f"database: cannot be reached: {fault.why}", err=True)
        return 1
    finally:
        await composition.close()
    typer.echo(f"database: has revision {state.found}, this version needs {state.expected}")
    for note in (*server.notes, *connection_notes(settings, server)):
        typer.echo(f"database: {note}")
    if state.from_elsewhere:
        typer.echo("database: its revision is unknown here: a newer byoip was at work", err=True)
    return int(state.from_elsewhere)


async def _check_resolvers(settings: Settings) -> int:
    complaints = 0
    for text in settings.resolvers:
        complaint = await resolver_complaint(*resolver_address(text))
        complaints += complaint is not None
        typer.echo(f"resolver {text}: {complaint or 'validates DNSSEC'}", err=bool(complaint))
    return complaints
