"""Letting a prefix go, and getting it back."""

import typer

from byoip_cli.account import of_account
from byoip_cli.client import ask, pages
from byoip_cli.options import Yes
from byoip_cli.output import go_on, say, show_object
from byoip_cli.places import PrefixId, path_of


def offboard(ctx: typer.Context, prefix: PrefixId, yes: Yes = False) -> None:
    """Let a prefix go: withdrawn, unbound, a grace, closed; it says first what that touches."""
    here = of_account(ctx)
    found = ask(here, "GET", path_of(prefix))["result"]
    routes = pages(here, f"{path_of(prefix)}/bgp/prefixes")
    up = ", ".join(one["cidr"] for one in routes if one["desired"]["advertised"]) or "nothing"
    bound = len(list(pages(here, f"{path_of(prefix)}/bindings")))
    told = f"{found['cidr']}: announced: {up}; bindings: {bound}. All of that ends."
    go_on(f"{told} `byoip prefixes restore` brings it back until the grace is over.", yes=yes)
    show_object(ask(here, "POST", f"{path_of(prefix)}/offboard")["result"])


def restore(ctx: typer.Context, prefix: PrefixId) -> None:
    """Bring a prefix back that is being offboarded, or by its id one that was removed."""
    answer = ask(of_account(ctx), "POST", f"{path_of(prefix)}/restore")
    for message in answer["messages"]:
        say(message["message"])
    show_object(answer["result"])
