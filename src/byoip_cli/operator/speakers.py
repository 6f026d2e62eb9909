"""`byoip operator speakers`: what operators have speakers do, over HTTP."""

from typing import Annotated
from urllib.parse import quote

import typer

from byoip_cli.client import Reason, act, ask
from byoip_cli.faults import CommandFailed
from byoip_cli.output import show_json, show_object, show_table
from byoip_cli.places import object_id

speakers_app = typer.Typer(no_args_is_help=True, help="BGP speakers.")

_SETTINGS = ("revision", "in_doubt", "travelling", "stage")
_CHANGE = ("stage", "speaker", "what", "differs", "rewrites")
_DRAIN = ("id", "speaker", "neighbour", "stage", "state", "since", "until", "name", "reason")

Name = Annotated[str, typer.Argument(help="As the settings name it.")]
Until = Annotated[str, typer.Option(help="End, as in 2027-01-31T12:00:00Z; within 30 days.")]
Wait = Annotated[
    int, typer.Option("--wait", help="Seconds that neighbours have to look for other paths.")
]
Loses = Annotated[
    int, typer.Option(help="How many routes may go down, because no other speaker has them.")
]


@speakers_app.callback()
def speakers() -> None:
    """BGP speakers."""


@speakers_app.command("open")
def open_speaker(ctx: typer.Context, name: Name, reason: Reason) -> None:
    """Let the sessions of a speaker come up without what is missing; needed once for a new one.

    Its peers drop what it lacks then, by its alarm as you order it, which is shown: see the alarm
    `sessions_shut`. Where anything else is missing by then, it stays shut.
    """
    show_object(act(ctx, f"/routes/speakers/{quote(name, safe='')}/open", reason))


@speakers_app.command("plan")
def plan(ctx: typer.Context) -> None:
    """Show what the settings files of workers would rewrite at each stage, were they applied."""
    found = ask(ctx, "GET", "/routes/speaker-settings")["result"]
    if show_json(found):
        return
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


@speakers_app.command("drains")
def drains(ctx: typer.Context) -> None:
    """List what is out of service, or is to be, or is just coming back."""
    show_table(_DRAIN, ask(ctx, "GET", "/routes/drains")["result"])


@speakers_app.command("drain")
def drain(
    ctx: typer.Context,
    name: Name,
    until: Until,
    reason: Reason,
    neighbour: Annotated[str | None, typer.Option(help="The address of just one of them.")] = None,
    wait: Wait = 120,
    loses: Loses = 0,
) -> None:
    """Take a speaker, or one neighbour of it, out of service until a moment.

    Neighbours are told first that the routes are to go (RFC 8326); then sessions go down.
    """
    body = {"neighbour": neighbour, "until": until, "wait_seconds": wait, "loses": loses}
    show_object(act(ctx, f"/routes/speakers/{quote(name, safe='')}/drain", reason, **body))


@speakers_app.command("drain-stage")
def drain_stage(
    ctx: typer.Context,
    stage: Annotated[int, typer.Argument(help="Its number.")],
    until: Until,
    reason: Reason,
    wait: Wait = 120,
    loses: Loses = 0,
) -> None:
    """Take all speakers of a stage out of service until a moment; changes skip it meanwhile."""
    body = {"until": until, "wait_seconds": wait, "loses": loses}
    show_object(act(ctx, f"/routes/stages/{stage}/drain", reason, **body))


@speakers_app.command("lift")
def lift(
    ctx: typer.Context,
    drain_id: Annotated[
        str, typer.Argument(metavar="DRAIN_ID", help="See `drains`.", callback=object_id)
    ],
    reason: Reason,
) -> None:
    """Bring what a drain has taken out of service back."""
    show_object(act(ctx, f"/routes/drains/{drain_id}/lift", reason))
