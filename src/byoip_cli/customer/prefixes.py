"""`byoip prefixes`: a customer's, over HTTP: bring, look, have checked."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from byoip_cli.account import of_account, where
from byoip_cli.client import ask, pages
from byoip_cli.customer.leaving import offboard, restore
from byoip_cli.customer.letters import letters_app
from byoip_cli.customer.serving import announce, bind, delegate, route_row, withdraw
from byoip_cli.customer.waiting import approved, checked, status_of_claim, tell
from byoip_cli.customer.watching import open_page, watch
from byoip_cli.options import Timeout
from byoip_cli.output import echo, say, show_json, show_object, show_table
from byoip_cli.places import PrefixId, path_of

prefixes_app = typer.Typer(
    no_args_is_help=True, help="A customer's prefixes, over the API of a running service."
)
prefixes_app.callback()(where)
prefixes_app.add_typer(letters_app, name="letter")
for name, command in (
    ("bind", bind),
    ("announce", announce),
    ("withdraw", withdraw),
    ("delegate", delegate),
    ("offboard", offboard),
    ("restore", restore),
    ("watch", watch),
    ("open", open_page),
):
    prefixes_app.command(name)(command)

_PREFIX = ("cidr", "asn", "approved", "standing", "advertised", "why", "id")
_ROUTE = ("cidr", "wanted", "applied", "seen", "waiting_for", "id")
_BINDING = ("cidr", "service_name", "state", "id")
_LONG = frozenset({"blockers", "next", "validation"})
# Which command does what a blocker, or what follows, asks for.
_COMMANDS = {
    "prefix_not_valid_and_approved": "byoip prefixes check {cidr} --wait",
    "incomplete_bgp_deployment": "byoip prefixes bind {cidr} SERVICE",
    "announce": "byoip prefixes announce {cidr}",
}
Wait = Annotated[
    bool, typer.Option("--wait", help="Until it is approved; says what to publish meanwhile.")
]


@prefixes_app.command("add")
def add(
    ctx: typer.Context,
    cidr: Annotated[str, typer.Argument(metavar="CIDR", help="As in 198.51.100.0/24.")],
    asn: Annotated[int, typer.Option("--asn", min=1, max=2**32 - 1, help="The origin.")],
    description: Annotated[str, typer.Option(help="For you.")] = "",
    letter: Annotated[
        bool, typer.Option("--letter/--no-letter", help="Have a letter of agency written.")
    ] = True,
    wait: Wait = False,
    timeout: Timeout = None,
) -> None:
    """Claim a prefix, and say what to publish where.

    With --wait it is checked again and again; it ends with 3 where the time is over before.
    """
    body = {
        "cidr": cidr,
        "asn": asn,
        "description": description,
        "delegate_loa_creation": letter,
    }
    made = ask(of_account(ctx), "POST", "/prefixes", body)["result"]
    if wait:
        made = approved(ctx, made["id"], timeout)
    else:
        tell(made)
    show_json(made) or _say_next(made)
    if wait:
        raise typer.Exit(status_of_claim(made))


@prefixes_app.command("list")
def list_prefixes(ctx: typer.Context) -> None:
    """List the account's prefixes, oldest first."""
    show_table(_PREFIX, pages(of_account(ctx), "/prefixes"), _told)


@prefixes_app.command("show")
def show(ctx: typer.Context, prefix: PrefixId) -> None:
    """Show a prefix, what is in its way, what is bound, and its routes."""
    found = ask(of_account(ctx), "GET", path_of(prefix))["result"]
    if show_json(found):
        return
    show_object({name: one for name, one in found.items() if name not in _LONG})
    for one in found["blockers"]:
        echo(f"\n* {one['name']}\n{one['message'].rstrip()}")
    if bindings := list(pages(ctx, f"{path_of(prefix)}/bindings")):
        show_table(_BINDING, bindings, _told_binding, title="Bindings")
    if routes := list(pages(ctx, f"{path_of(prefix)}/bgp/prefixes")):
        show_table(_ROUTE, routes, route_row, title="Routes")
    _say_next(found)


@prefixes_app.command("check")
def check(
    ctx: typer.Context, prefix: PrefixId, wait: Wait = False, timeout: Timeout = None
) -> None:
    """Have a prefix checked now; ends with 3 unless it is approved."""
    of_account(ctx)
    found = approved(ctx, prefix, timeout) if wait else checked(ctx, prefix)
    show_json(found) or _say_next(found)
    raise typer.Exit(status_of_claim(found))


def _told(prefix: Mapping[str, Any]) -> dict[str, str]:
    approved_ = {"P": "pending", "V": "yes"}[prefix["approved"]]
    return {"approved": approved_, "why": "\n".join(one["name"] for one in prefix["blockers"])}


def _told_binding(binding: Mapping[str, Any]) -> dict[str, str]:
    return {"state": binding["provisioning"]["state"]}


def _say_next(prefix: Mapping[str, Any]) -> bool:
    names = [one["name"] for one in prefix["blockers"]]
    steps = [told for name, told in _COMMANDS.items() if name in names]
    if following := prefix["next"]:
        steps.append(_COMMANDS.get(following["name"], following["message"]))
    if steps:
        say(f"\nNext: {steps[0].format(cidr=prefix['cidr'])}")
    return bool(steps)
