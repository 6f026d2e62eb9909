"""`byoip webhooks`: a customer's, over HTTP."""

from typing import Annotated, TypeAlias

import typer

from byoip_cli.account import of_account, where
from byoip_cli.client import ask, pages
from byoip_cli.names import DEFAULT_URL
from byoip_cli.options import Account, Token, Url
from byoip_cli.output import echo, set_json, show_object, show_table
from byoip_cli.places import ObjectId
from byoip_cli.webhooks.listen import Forwarding, forward

webhooks_app = typer.Typer(
    no_args_is_help=True, help="A customer's webhooks, over the API of a running service."
)

_WEBHOOK = ("id", "url", "kinds", "state", "disabled_because", "cursor", "failures")
_DELIVERY = ("number", "at", "about", "event_number", "taken", "status", "seconds", "said")

Kinds: TypeAlias = Annotated[
    list[str] | None, typer.Option("--kind", help="A kind of event; may be given several times.")
]
After: TypeAlias = Annotated[int, typer.Option(min=0, help="Go on behind this event.")]


@webhooks_app.callback()
def group(
    ctx: typer.Context,
    url: Url = DEFAULT_URL,
    token: Token = "",
    account: Account = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print results as JSON.")] = False,
) -> None:
    """Keep where the service is, for the commands."""
    where(ctx, url, token, account)
    if as_json:
        set_json(wanted=True)


@webhooks_app.command("list")
def list_webhooks(ctx: typer.Context) -> None:
    """List the account's webhooks, oldest first."""
    show_table(_WEBHOOK, list(pages(of_account(ctx), "/webhooks")))


@webhooks_app.command("show")
def show(ctx: typer.Context, webhook: ObjectId) -> None:
    """Show one, and how far it has come."""
    show_object(ask(of_account(ctx), "GET", f"/webhooks/{webhook}")["result"])


@webhooks_app.command("create")
def create(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="HTTPS-URL", help="Where events are sent.")],
    kind: Kinds = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    after: Annotated[
        int | None, typer.Option(min=0, help="Begin behind this event; else with what comes.")
    ] = None,
) -> None:
    """Have the account's events sent to a URL; the secret is shown this once."""
    body = {"url": url, "kinds": kind or [], "description": description, "after": after}
    show_object(ask(of_account(ctx), "POST", "/webhooks", body)["result"])


@webhooks_app.command("update")
def update(
    ctx: typer.Context,
    webhook: ObjectId,
    url: Annotated[str | None, typer.Option("--to", help="Another URL: tested first.")] = None,
    kind: Kinds = None,
    enable: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether it gets events.")
    ] = None,
) -> None:
    """Change where it goes, what it gets, and whether."""
    given = {"url": url, "kinds": kind, "enabled": enable}
    body = {name: value for name, value in given.items() if value is not None}
    show_object(ask(of_account(ctx), "PATCH", f"/webhooks/{webhook}", body)["result"])


@webhooks_app.command("test")
def test(ctx: typer.Context, webhook: ObjectId) -> None:
    """Have a test sent, once; `deliveries` says what came of it."""
    show_object(ask(of_account(ctx), "POST", f"/webhooks/{webhook}/test")["result"])


@webhooks_app.command("deliveries")
def deliveries(ctx: typer.Context, webhook: ObjectId) -> None:
    """List its last attempts with their answers, the newest first."""
    found = ask(of_account(ctx), "GET", f"/webhooks/{webhook}/deliveries")["result"]
    show_table(_DELIVERY, found)


@webhooks_app.command("redeliver")
def redeliver(
    ctx: typer.Context,
    webhook: ObjectId,
    number: Annotated[int, typer.Argument(min=1, help="Of the event.")],
) -> None:
    """Have one event sent again, once, with the same id."""
    path = f"/webhooks/{webhook}/redeliver"
    show_object(ask(of_account(ctx), "POST", path, {"number": number})["result"])


@webhooks_app.command("replay")
def replay(ctx: typer.Context, webhook: ObjectId, after: After) -> None:
    """Send all events behind one again; or those before it never."""
    path = f"/webhooks/{webhook}/replay"
    show_object(ask(of_account(ctx), "POST", path, {"after": after})["result"])


@webhooks_app.command("secret")
def secret(ctx: typer.Context, webhook: ObjectId) -> None:
    """Make another secret; for 24 hours the one before signs as well."""
    show_object(ask(of_account(ctx), "POST", f"/webhooks/{webhook}/secret")["result"])


@webhooks_app.command("delete")
def delete(ctx: typer.Context, webhook: ObjectId) -> None:
    """End a webhook."""
    ask(of_account(ctx), "DELETE", f"/webhooks/{webhook}")
    echo(f"{webhook} is ended.", err=True)


@webhooks_app.command("listen")
def listen(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--forward-to", metavar="URL", help="Of a program that you develop.")
    ],
    kind: Kinds = None,
    after: Annotated[
        int | None, typer.Option(min=0, help="Begin behind this event; else with what comes.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many events were taken.")
    ] = None,
) -> None:
    """Send events to a program on this machine, signed as webhooks are; nothing is set up for it.

    It reads the account's feed, so it works behind any firewall. What is not taken is sent again.
    """
    forward(of_account(ctx), Forwarding(to, frozenset(kind or ()), after, count))
