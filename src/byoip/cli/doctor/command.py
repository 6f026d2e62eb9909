"""`byoip doctor`: what is missing for a service that works, and the fix for each."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from byoip.adapters.system_clock import SystemClock
from byoip.cli.doctor.database import look_at_database
from byoip.cli.doctor.finding import Finding, State, fault
from byoip.cli.doctor.parties import (
    look_at_letters,
    look_at_mail,
    look_at_perspectives,
    look_at_registries,
    look_at_resolvers,
    look_at_rpki,
    look_at_settings,
    look_at_sign_in,
    look_at_speakers_and_listeners,
    look_at_webhooks,
)
from byoip.ports.clock import Clock
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError

_COLOURS: Final = {
    State.OK: "green",
    State.NOTE: "cyan",
    State.FAULT: "bold red",
    State.UNKNOWN: "yellow",
}
_WIDE: Final = 160  # into a file or pipe


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look at everything that the service needs here, and say what is missing and the fix.

    Changes nothing. The status is 1 if there is anything to mend.
    """
    findings = diagnosed()
    sick = any(one.state is State.FAULT for one in findings)
    if as_json:
        told = {"healthy": not sick, "findings": [asdict(one) for one in findings]}
        typer.echo(json.dumps(told, indent=2))
    else:
        _show(findings)
    raise typer.Exit(int(sick))


def diagnosed() -> Sequence[Finding]:
    """What is found with the settings of this process."""
    try:
        settings = read_settings()
    except SettingsError as refusal:
        fix = "Correct them: docs/operating.md has them all."
        return [fault("settings", str(refusal), fix)]
    return asyncio.run(examine(settings, SystemClock()))


async def examine(settings: Settings, clock: Clock) -> Sequence[Finding]:
    """All findings, in the order in which they are best mended."""
    database, resolver, rpki, (registries, places), speakers, others = await asyncio.gather(
        look_at_database(settings, clock),
        look_at_resolvers(settings),
        look_at_rpki(settings),
        asyncio.gather(look_at_registries(settings), look_at_perspectives(settings)),
        look_at_speakers_and_listeners(settings),
        asyncio.gather(look_at_mail(settings), look_at_sign_in(settings, clock)),
    )
    keys = look_at_letters(settings), look_at_webhooks(settings)
    own = look_at_settings(settings)
    return [own, *database, resolver, *rpki, *registries, *places, *speakers, *keys, *others]


def _show(findings: Sequence[Finding]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    table = Table("check", "")
    table.add_column("found", overflow="fold")
    table.add_column("fix", overflow="fold")
    for one in findings:
        name = f"{one.check} {one.subject}".strip()
        state = Text(one.state, _COLOURS[one.state])
        table.add_row(Text(name), state, Text(one.said), Text(one.fix))
    console.print(table)
    sick = sum(one.state is State.FAULT for one in findings)
    console.print(f"{sick} to mend." if sick else "Nothing to mend.")
