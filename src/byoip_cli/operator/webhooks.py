"""`byoip operator webhooks`: those of all accounts, over HTTP."""

import typer

from byoip_cli.client import Reason, act, pages
from byoip_cli.operator.naming import Names
from byoip_cli.output import show_object, show_table
from byoip_cli.places import ForAccount, ObjectId

webhooks_app = typer.Typer(no_args_is_help=True, help="Webhooks of all accounts.")

_WEBHOOK = (
    "id",
    "account_id",
    "account",
    "url",
    "state",
    "disabled_because",
    "failures",
    "failing_since",
)


@webhooks_app.command("list")
def list_webhooks(
    ctx: typer.Context,
    account: ForAccount = None,
) -> None:
    """List webhooks of all accounts, oldest first."""
    every = pages(ctx, "/webhooks", account_id=account)
    show_table(_WEBHOOK, every, Names(ctx).of_account)


@webhooks_app.command("disable")
def disable(ctx: typer.Context, webhook: ObjectId, reason: Reason) -> None:
    """Send a webhook nothing more; its customer cannot enable it."""
    show_object(act(ctx, f"/webhooks/{webhook}/disable", reason))


@webhooks_app.command("enable")
def enable(ctx: typer.Context, webhook: ObjectId, reason: Reason) -> None:
    """Have a webhook tested, and let it get events again from where it was."""
    show_object(act(ctx, f"/webhooks/{webhook}/enable", reason))
