"""`byoip operator`: breakers, jobs and prefixes being offboarded, over HTTP."""

from typing import Annotated

import typer

from byoip_cli.client import Reason, act, ask
from byoip_cli.operator.choices import JobKind, Parked
from byoip_cli.operator.naming import Names
from byoip_cli.operator.prefixes import prefixes_app
from byoip_cli.output import say, show_json, show_object, show_table
from byoip_cli.places import ObjectId, PrefixId

breaker_app = typer.Typer(no_args_is_help=True, help="What stops withdrawals.")
jobs_app = typer.Typer(no_args_is_help=True, help="Periodic jobs, and the guards that stop them.")

_TRIP = ("id", "scope", "subject", "why", "at", "waiting", "prefixes")
_JOB = ("kind", "stopped", "moved_by", "moved_because", "most", "last", "waiting")

Kind = Annotated[JobKind, typer.Argument(help="See `list`.")]


@breaker_app.command("show")
def show_breaker(ctx: typer.Context) -> None:
    """Show the ceilings, what is used of them, and which breakers are open."""
    found = ask(ctx, "GET", "/breaker")["result"]
    if show_json(found):
        return
    show_object({"ceilings": found["ceilings"], "use": found["use"]})
    show_table(_TRIP, found["trips"], Names(ctx).of_trip)


@breaker_app.command("rearm")
def rearm(
    ctx: typer.Context,
    trip: ObjectId,
    reason: Reason,
    parked: Annotated[Parked, typer.Option(help="What to do with the withdrawals it stopped.")],
) -> None:
    """Re-arm a breaker after inspection, so that withdrawals go on."""
    show_object(act(ctx, f"/breaker/{trip}/rearm", reason, parked=parked.value))


@jobs_app.command("list")
def list_jobs(ctx: typer.Context) -> None:
    """List every kind of job."""
    show_table(_JOB, ask(ctx, "GET", "/jobs")["result"])


@jobs_app.command("stop")
def stop(ctx: typer.Context, kind: Kind, reason: Reason) -> None:
    """Stop a kind of job; `byoip kill-switch stop` does so while the API is down."""
    show_object(act(ctx, f"/jobs/{kind.value}/stop", reason))


@jobs_app.command("start")
def start(ctx: typer.Context, kind: Kind, reason: Reason) -> None:
    """Let a kind of job run again."""
    show_object(act(ctx, f"/jobs/{kind.value}/start", reason))


@jobs_app.command("allow")
def allow(ctx: typer.Context, kind: Kind, reason: Reason) -> None:
    """Let one refused set through: once, and no larger set."""
    show_object(act(ctx, f"/jobs/{kind.value}/allow", reason))


@prefixes_app.command("restore")
def restore(ctx: typer.Context, prefix: PrefixId, reason: Reason) -> None:
    """Stop the offboarding of a prefix and restore it."""
    show_object(act(ctx, f"/prefixes/{prefix}/restore", reason))


@prefixes_app.command("end-grace")
def end_grace(ctx: typer.Context, prefix: PrefixId, reason: Reason) -> None:
    """Close a prefix that is withdrawn and unbound, before its grace has ended."""
    show_json(act(ctx, f"/prefixes/{prefix}/end_grace", reason))
    say(f"{prefix} is closed.")
