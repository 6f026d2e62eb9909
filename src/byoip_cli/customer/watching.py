"""What happens, as it happens; and the page of a prefix."""

import json
import webbrowser
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from byoip_cli.account import of_account
from byoip_cli.client import Service, pages
from byoip_cli.feed import RESTARTED, Restarted, follow, place
from byoip_cli.output import as_json, echo, say, show_json
from byoip_cli.places import path_of, prefix_of


def watch(
    ctx: typer.Context,
    prefix: Annotated[
        str | None,
        typer.Argument(metavar="PREFIX", help="Its CIDR, an address in it, or its id; else all."),
    ] = None,
    after: Annotated[
        int | None, typer.Option(min=0, help="Begin behind this event; else with what comes.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many events.")] = None,
) -> None:
    """Print each event of the account, or of one prefix, a line each, until Ctrl-C."""
    here = of_account(ctx)
    path = f"{path_of(prefix_of(here, prefix))}/events" if prefix else "/events"
    number, epoch = place(here, path, after)
    cidrs = {one["id"]: one["cidr"] for one in pages(here, "/prefixes")}
    left = count
    for one in follow(here, path, number, epoch):
        if isinstance(one, Restarted):
            told = {"number": one.after, "kind": RESTARTED, "epoch": one.epoch}
            show_json(told | {"epoch_before": one.before})
            say(f"The service was restored: forget what came behind {one.after}; it is told anew.")
            continue
        echo(_line(one, cidrs))
        left = left and left - 1
        if left == 0:
            return


def open_page(
    ctx: typer.Context,
    prefix: Annotated[
        str | None,
        typer.Argument(metavar="PREFIX", help="Its CIDR, an address in it, or its id; else all."),
    ] = None,
) -> None:
    """Open the page of a prefix, or of all, in a browser, and print its address."""
    service: Service = of_account(ctx).obj
    one = f"/{prefix_of(ctx, prefix)}" if prefix else ""
    address = f"{service.url.rstrip('/')}/ui/prefixes{one}"
    if not show_json({"url": address}):
        echo(address)
        if not webbrowser.open(address):
            say("No browser was found here.")


def _line(event: Mapping[str, Any], cidrs: Mapping[str, str]) -> str:
    if as_json():
        return json.dumps(event, ensure_ascii=False)
    of = event.get("prefix_id")
    about = f"{cidrs.get(of, of)}  " if of else ""
    changed = json.dumps(event["after"], ensure_ascii=False) if event["after"] else ""
    at = event["at"]
    return f"{event['number']}  {at[:10]} {at[11:19]}Z  {about}{event['kind']}  {changed}".rstrip()
