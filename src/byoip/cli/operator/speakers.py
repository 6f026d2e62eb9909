"""`byoip operator speakers`: what operators have speakers do, over HTTP."""

from typing import Annotated
from urllib.parse import quote

import typer

from byoip.cli.operator.client import CommandFailed, Reason, act, ask, show_object, show_table

speakers_app = typer.Typer(no_args_is_help=True, help="BGP speakers.")

_SETTINGS = ("revision", "in_doubt", "travelling", "stage")
_CHANGE = ("stage", "speaker", "what", "differs", "rewrites")

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


@speakers_app.command("plan")
def plan(ctx: typer.Context) -> None:
    """Show what the settings files of workers would rewrite at each stage, were they applied."""
    found = ask(ctx, "GET", "/routes/speaker-settings")["result"]
    show_object({name: found[name] for name in _SETTINGS})
    for one in found["proposals"]:
        show_object({name: one[name] for name in ("proposal", "processes")})
        show_table(_CHANGE, one["changes"])


@speakers_app.command("apply")
def apply(
    ctx: typer.Context,
    reason: Reason,
    proposal: Annotated[
        str | None, typer.Option(help="See `plan`; needed where files propose several.")
    ] = None,
) -> None:
    """Let proposed settings travel from stage to stage; they are taken back where routes vanish."""
    found = ask(ctx, "GET", "/routes/speaker-settings")["result"]
    proposed = [one["proposal"] for one in found["proposals"]]
    if proposal is None and len(proposed) != 1:
        raise CommandFailed(f"{len(proposed)} proposals, not one: see `plan`, give --proposal.")
    order = {"proposal": proposal or proposed[0], "revision": found["revision"] or 1}
    show_object(act(ctx, "/routes/speaker-settings/apply", reason, **order))


@speakers_app.command("take-back")
def take_back(ctx: typer.Context, reason: Reason) -> None:
    """Have speakers told by the settings in force again, and end what is on its way."""
    show_object(act(ctx, "/routes/speaker-settings/take-back", reason))
