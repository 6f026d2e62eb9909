"""`byoip operator routes`: speakers, listeners, orphans and snapshots, over HTTP."""

from typing import Annotated
from urllib.parse import quote

import typer

from byoip_cli.client import Reason, act, ask
from byoip_cli.operator.touching import touched_of_orphans
from byoip_cli.options import Yes
from byoip_cli.output import go_on, show_json, show_object, show_table

routes_app = typer.Typer(no_args_is_help=True, help="What speakers announce and listeners see.")

_COUNTS = ("desired", "applied", "observed", "unsettled", "orphans")
_STATE = ("name", "stage", "alive", "fault", "asked_at", "loaded_at")
_SPEAKER = (*_STATE, "held", "applied", "may_hold")
_LISTENER = ("name", "asked_at", "answered_at", "observed")
_ALARM = ("kind", "subject", "detail", "since")
_ORPHAN = (
    "speaker",
    "cidr",
    "as_path",
    "next_hop",
    "communities",
    "found_at",
    "gone_at",
    "decided_by",
)
_SNAPSHOT = ("number", "at", "routes")
_ROLLBACK = ("snapshot", "dry_run", "announced", "kept", "newer")
_REFUSED = ("cidr", "because")
_ROLLBACK_SECONDS = 600  # routes are restored one by one

Name = Annotated[str, typer.Argument(help="As the settings named it; see `show`.")]


@routes_app.command("show")
def show(ctx: typer.Context) -> None:
    """Show routes as desired, applied and observed, each speaker and listener, and open alarms."""
    found = ask(ctx, "GET", "/routes")["result"]
    if show_json(found):
        return
    show_object({name: found[name] for name in _COUNTS})
    show_table(_SPEAKER, found["speakers"], title="Speakers")
    show_table(_LISTENER, found["listeners"], title="Listeners")
    show_table(_ALARM, found["alarms"], title="Alarms")


@routes_app.command("orphans")
def orphans(ctx: typer.Context) -> None:
    """List orphans: paths that a speaker holds and no route asks for."""
    show_table(_ORPHAN, ask(ctx, "GET", "/routes/orphans")["result"])


@routes_app.command("withdraw-orphan")
def withdraw_orphan(
    ctx: typer.Context,
    cidr: Annotated[str, typer.Argument(metavar="CIDR", help="The path's prefix.")],
    speaker: Annotated[str, typer.Option(help="Which speaker, as the settings name it.")],
    reason: Reason,
    yes: Yes = False,
) -> None:
    """Let an orphan be withdrawn.

    `byoip advertise orphan withdraw` does so while the API is down.
    """
    go_on(touched_of_orphans(ctx, speaker, cidr), yes=yes)
    show_object(act(ctx, "/routes/orphans/withdraw", reason, speaker=speaker, cidr=cidr))


@routes_app.command("withdraw-orphans")
def withdraw_orphans(
    ctx: typer.Context,
    speaker: Annotated[str, typer.Option(help="Which speaker, as the settings name it.")],
    count: Annotated[int, typer.Option(min=1, help="How many are undecided, see `orphans`.")],
    reason: Reason,
    yes: Yes = False,
) -> None:
    """Let all undecided orphans of a speaker be withdrawn, if they are just so many."""
    go_on(touched_of_orphans(ctx, speaker), yes=yes)
    show_object(act(ctx, "/routes/orphans/withdraw-all", reason, speaker=speaker, count=count))


@routes_app.command("snapshots")
def snapshots(ctx: typer.Context) -> None:
    """List the kept snapshots of the applied state; `rollback` uses them."""
    show_table(_SNAPSHOT, ask(ctx, "GET", "/routes/snapshots")["result"])


@routes_app.command("rollback")
def rollback(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(min=1, help="Of the snapshot.")],
    reason: Reason,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing.")] = False,
) -> None:
    """Announce the routes of a snapshot again; withdraw nothing.

    Skips prefixes that are not approved now, and routes that the customer has withdrawn since.
    `byoip advertise rollback` does so while the API is down.
    """
    body = {"reason": reason, "dry_run": dry_run}
    path = f"/routes/snapshots/{number}/rollback"
    made = ask(ctx, "POST", path, body, seconds=_ROLLBACK_SECONDS)["result"]
    if show_json(made):
        return
    show_object({name: made[name] for name in _ROLLBACK})
    show_table(_REFUSED, made["refused"])


@routes_app.command("forget-speaker")
def forget_speaker(ctx: typer.Context, name: Name, reason: Reason) -> None:
    """Forget a speaker that is gone for good, so that no deletion or offboarding waits for it."""
    show_object(act(ctx, f"/routes/speakers/{quote(name, safe='')}/forget", reason))


@routes_app.command("forget-listener")
def forget_listener(ctx: typer.Context, name: Name, reason: Reason) -> None:
    """Forget a listener that is gone for good, and what it last saw."""
    show_object(act(ctx, f"/routes/listeners/{quote(name, safe='')}/forget", reason))
