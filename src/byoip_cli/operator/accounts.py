"""`byoip operator`: accounts, tokens and services, over HTTP."""

from typing import Annotated

import typer

from byoip_cli.client import Reason, act, ask, pages
from byoip_cli.names import DEFAULT_URL
from byoip_cli.operator.asn_disputes import asn_disputes_app
from byoip_cli.operator.asns import asns_app
from byoip_cli.operator.choices import Scope
from byoip_cli.operator.edges import edges_app
from byoip_cli.operator.guards import breaker_app, jobs_app
from byoip_cli.operator.levels import disputes_app, levels_app
from byoip_cli.operator.naming import Names
from byoip_cli.operator.prefixes import prefixes_app
from byoip_cli.operator.routes import routes_app
from byoip_cli.operator.space import (
    letters_app,
    overrides_app,
    reservations_app,
    snapshots_app,
)
from byoip_cli.operator.speakers import speakers_app
from byoip_cli.operator.touching import touched_of_token
from byoip_cli.operator.webhooks import webhooks_app
from byoip_cli.options import OperatorToken, Url, Yes
from byoip_cli.output import echo, go_on, show_json, show_object, show_table
from byoip_cli.places import AccountId, ForAccount, ObjectId, ServiceId, named
from byoip_cli.profiles import operator

operator_app = typer.Typer(
    no_args_is_help=True, help="What operators do to a running service, over its API."
)
accounts_app = typer.Typer(no_args_is_help=True, help="Customers.")
tokens_app = typer.Typer(no_args_is_help=True, help="Credentials of customers and operators.")
services_app = typer.Typer(no_args_is_help=True, help="What customers may bind.")
operator_app.add_typer(accounts_app, name="accounts")
operator_app.add_typer(tokens_app, name="tokens")
operator_app.add_typer(services_app, name="services")
operator_app.add_typer(prefixes_app, name="prefixes")
operator_app.add_typer(asns_app, name="asns")
operator_app.add_typer(asn_disputes_app, name="asn-disputes")
operator_app.add_typer(reservations_app, name="reservations")
operator_app.add_typer(overrides_app, name="overrides")
operator_app.add_typer(letters_app, name="letters")
operator_app.add_typer(snapshots_app, name="snapshots")
operator_app.add_typer(edges_app, name="edges")
operator_app.add_typer(breaker_app, name="breaker")
operator_app.add_typer(jobs_app, name="jobs")
operator_app.add_typer(levels_app, name="levels")
operator_app.add_typer(disputes_app, name="disputes")
operator_app.add_typer(routes_app, name="routes")
operator_app.add_typer(speakers_app, name="speakers")
operator_app.add_typer(webhooks_app, name="webhooks")

_ACCOUNT = ("id", "name", "prefix_quota", "prefixes", "created_at")
_TOKEN = (
    "id",
    "account_id",
    "account",
    "name",
    "scopes",
    "created_at",
    "last_used_at",
    "expires_at",
)
_SERVICE = ("id", "name", "default_only")
_EVENT = ("number", "at", "kind", "actor", "reason", "before", "after")


@operator_app.callback()
def where(ctx: typer.Context, url: Url = DEFAULT_URL, token: OperatorToken = "") -> None:
    """Keep where the service is, for the commands."""
    ctx.obj = operator(ctx, url, token)


@operator_app.command("address")
def address(ctx: typer.Context, ip: Annotated[str, typer.Argument(help="One address.")]) -> None:
    """Show the prefix, account, service and delegated accounts that an address belongs to."""
    show_object(ask(ctx, "GET", f"/addresses/{ip}")["result"])


@operator_app.command("history")
def history(
    ctx: typer.Context, after: Annotated[int, typer.Option(min=0, help="Only greater numbers.")] = 0
) -> None:
    """Show what operators have done outside single prefixes, and why."""
    every = pages(ctx, "/events", by="after", after=after)
    show_table(_EVENT, every, Names(ctx).of_actor)


@accounts_app.command("list")
def list_accounts(ctx: typer.Context) -> None:
    """List accounts."""
    show_table(_ACCOUNT, pages(ctx, "/accounts"))


@accounts_app.command("create")
def create_account(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="For people.")],
    reason: Reason,
    quota: Annotated[int | None, typer.Option(min=0, help="How many prefixes.")] = None,
) -> None:
    """Create an account."""
    members = {"name": name, **({} if quota is None else {"prefix_quota": quota})}
    show_object(act(ctx, "/accounts", reason, **members))


@accounts_app.command("update")
def update_account(
    ctx: typer.Context,
    account: AccountId,
    reason: Reason,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    quota: Annotated[int | None, typer.Option(min=0, help="How many prefixes.")] = None,
) -> None:
    """Change an account's name or quota."""
    body = {"name": name, "prefix_quota": quota, "reason": reason}
    show_object(ask(ctx, "PATCH", f"/accounts/{account}", body)["result"])


@tokens_app.command("list")
def list_tokens(
    ctx: typer.Context,
    account: ForAccount = None,
) -> None:
    """List live credentials. Tokens are not stored, so they cannot be shown."""
    every = pages(ctx, "/credentials", account_id=account)
    live = [one for one in every if one["revoked_at"] is None]
    show_table(_TOKEN, live, Names(ctx).of_account)


@tokens_app.command("create")
def create_token(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    reason: Reason,
    account: Annotated[
        str | None,
        typer.Option(
            help="Name or id of the account; without one: an operator's.",
            callback=named("/accounts", "account"),
        ),
    ] = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it allows; may be repeated.")
    ] = None,
    expires_at: Annotated[
        str | None,
        typer.Option(help="When it ends, as in 2027-01-31T12:00:00Z; without it, never."),
    ] = None,
) -> None:
    """Create a credential and print its token; it cannot be shown again."""
    members = {
        "account_id": account,
        "name": name,
        "scopes": [one.value for one in scope or ()],
        "expires_at": expires_at,
    }
    made = act(ctx, "/credentials", reason, **members)
    if not show_json(made):
        echo(made["token"])


@tokens_app.command("revoke")
def revoke_token(
    ctx: typer.Context, credential: ObjectId, reason: Reason, yes: Yes = False
) -> None:
    """Revoke a credential at once."""
    go_on(touched_of_token(ctx, credential), yes=yes)
    show_object(act(ctx, f"/credentials/{credential}/revoke", reason))


@services_app.command("list")
def list_services(ctx: typer.Context) -> None:
    """List services."""
    show_table(_SERVICE, pages(ctx, "/services"))


@services_app.command("create")
def create_service(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="For people.")],
    reason: Reason,
    default_only: Annotated[
        bool, typer.Option("--default-only", help="It takes whole prefixes only.")
    ] = False,
) -> None:
    """Offer a service."""
    show_object(act(ctx, "/services", reason, name=name, default_only=default_only))


@services_app.command("update")
def update_service(
    ctx: typer.Context,
    service: ServiceId,
    reason: Reason,
    default_only: Annotated[
        bool, typer.Option("--default-only/--any-part", help="Whole prefixes only, or parts.")
    ],
) -> None:
    """Change whether a service takes whole prefixes only."""
    body = {"default_only": default_only, "reason": reason}
    show_object(ask(ctx, "PATCH", f"/services/{service}", body)["result"])


@services_app.command("retire")
def retire_service(ctx: typer.Context, service: ServiceId, reason: Reason) -> None:
    """Retire a service; refused while anything is bound to it."""
    show_object(act(ctx, f"/services/{service}/retire", reason))
