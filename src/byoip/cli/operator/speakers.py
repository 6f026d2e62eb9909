"""`byoip operator speakers`: what operators have speakers do, over HTTP."""

from typing import Annotated
from urllib.parse import quote

import typer

from byoip.cli.operator.client import Reason, act, show_object

speakers_app = typer.Typer(no_args_is_help=True, help="BGP speakers.")

Name = Annotated[str, typer.Argument(help="As the settings name it.")]


@speakers_app.callback()
def speakers() -> None:
    """BGP speakers."""


@speakers_app.command("open")
def open_speaker(ctx: typer.Context, name: Name, reason: Reason) -> None:
    """Let the sessions of a speaker come up, whatever is missing; needed once for a new one.

    Its peers drop what it lacks then: see the alarm `sessions_shut`.
    """
    show_object(act(ctx, f"/routes/speakers/{quote(name, safe='')}/open", reason))
