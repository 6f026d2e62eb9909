"""What a customer has bound, announced, withdrawn and delegated."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from byoip_cli.account import of_account
from byoip_cli.client import ask, pages
from byoip_cli.options import Yes
from byoip_cli.output import go_on, say, show_json, show_object
from byoip_cli.places import PrefixId, by_name, is_id, path_of, pick, plain

Part = Annotated[
    str | None, typer.Option("--cidr", metavar="CIDR", help="A part of it; else all of it.")
]


def bind(
    ctx: typer.Context,
    prefix: PrefixId,
    service: Annotated[str, typer.Argument(help="Its name, or its id.")],
    cidr: Part = None,
) -> None:
    """Bind a service to a prefix, or to a part of it."""
    here = of_account(ctx)
    offered = service
    if not is_id(service):
        offered = by_name(pages(here, "/services"), service, "service")
    whole = cidr or ask(here, "GET", path_of(prefix))["result"]["cidr"]
    body = {"cidr": whole, "service_id": plain(offered)}
    show_object(ask(here, "POST", f"{path_of(prefix)}/bindings", body)["result"])


def announce(ctx: typer.Context, prefix: PrefixId, cidr: Part = None) -> None:
    """Announce a prefix, or a route in it."""
    _want(ctx, prefix, _route(ctx, prefix, cidr), advertised=True)


def withdraw(ctx: typer.Context, prefix: PrefixId, cidr: Part = None, yes: Yes = False) -> None:
    """Withdraw a prefix, or a route in it; it says first what that touches."""
    route = _route(ctx, prefix, cidr)
    bound = [one["service_name"] for one in pages(ctx, f"{path_of(prefix)}/bindings")]
    say_state = "announced" if route["desired"]["advertised"] else "not announced now"
    served = ", ".join(sorted(set(bound))) or "nothing"
    go_on(f"{route['cidr']} is {say_state}; bound: {served}.", yes=yes)
    _want(ctx, prefix, route, advertised=False)


def delegate(
    ctx: typer.Context,
    prefix: PrefixId,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT_ID", help="Who may use it.")],
    cidr: Part = None,
    expires_at: Annotated[
        str | None, typer.Option(help="End, as in 2027-01-31T12:00:00Z; without it there is none.")
    ] = None,
) -> None:
    """Let another account use a prefix, or a part of it."""
    here = of_account(ctx)
    whole = cidr or ask(here, "GET", path_of(prefix))["result"]["cidr"]
    body = {"cidr": whole, "delegated_account_id": account, "expires_at": expires_at}
    show_object(ask(here, "POST", f"{path_of(prefix)}/delegations", body)["result"])


def _route(ctx: typer.Context, prefix: str, cidr: str | None) -> Mapping[str, Any]:
    here = of_account(ctx)
    whole = cidr or ask(here, "GET", path_of(prefix))["result"]["cidr"]
    return pick(pages(here, f"{path_of(prefix)}/bgp/prefixes"), whole, "route")


def _want(ctx: typer.Context, prefix: str, route: Mapping[str, Any], *, advertised: bool) -> None:
    path = f"{path_of(prefix)}/bgp/prefixes/{route['id']}"
    answer = ask(ctx, "PATCH", path, {"on_demand": {"advertised": advertised}})
    for message in answer["messages"]:
        say(f"{message['message']}")
    result = answer["result"]
    if not show_json(result):
        show_object(route_row(result))


def route_row(route: Mapping[str, Any]) -> dict[str, Any]:
    """What people read of a route."""
    waits = route["waiting_for"]
    return {
        "cidr": route["cidr"],
        "wanted": route["desired"]["advertised"],
        "applied": route["applied"]["advertised"],
        "seen": route["observed"]["advertised"],
        "waiting_for": waits and waits["what"],
        "id": route["id"],
    }
