"""`byoip operator edges`: where services answer, over HTTP."""

from typing import Annotated
from urllib.parse import quote

import typer

from byoip_cli.client import Reason, act, ask
from byoip_cli.output import show_object, show_table

edges_app = typer.Typer(no_args_is_help=True, help="Where services answer.")

_EDGE = ("name", "state", "acknowledged", "newest", "registered_at", "heard_at")

Name = Annotated[str, typer.Argument(metavar="NAME", help="For example fra1; see `list`.")]


@edges_app.command("list")
def list_edges(ctx: typer.Context) -> None:
    """List edges with what each has acknowledged."""
    show_table(_EDGE, ask(ctx, "GET", "/edge/edges")["result"])


@edges_app.command("add")
def add(ctx: typer.Context, edge: Name, reason: Reason) -> None:
    """Register an edge. It counts once it has acknowledged the full state."""
    _put(ctx, edge, reason, drained=False)


@edges_app.command("drain")
def drain(ctx: typer.Context, edge: Name, reason: Reason) -> None:
    """Drain an edge: no traffic goes there, and announcements do not wait for it."""
    _put(ctx, edge, reason, drained=True)


@edges_app.command("undrain")
def undrain(ctx: typer.Context, edge: Name, reason: Reason) -> None:
    """Take a drained edge back into service; it must have caught up."""
    _put(ctx, edge, reason, drained=False)


@edges_app.command("remove")
def remove(ctx: typer.Context, edge: Name, reason: Reason) -> None:
    """Remove an edge for good; it does not come back by acknowledging."""
    show_object(act(ctx, f"{_path(edge)}/remove", reason))


def _put(ctx: typer.Context, edge: str, reason: str, *, drained: bool) -> None:
    body = {"drained": drained, "reason": reason}
    show_object(ask(ctx, "PUT", _path(edge), body)["result"])


def _path(edge: str) -> str:
    return f"/edge/edges/{quote(edge, safe='')}"
