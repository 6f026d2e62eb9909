"""Which account a customer's command is about: the one that is named, or the token's own."""

from dataclasses import replace

import typer

from byoip_cli.client import Service, ask
from byoip_cli.faults import Unusable
from byoip_cli.names import ACCOUNT_VARIABLE, DEFAULT_URL
from byoip_cli.options import Account, Token, Url
from byoip_cli.profiles import CUSTOMERS, addressing, customer


def where(
    ctx: typer.Context, url: Url = DEFAULT_URL, token: Token = "", account: Account = None
) -> None:
    """Keep where the service is, for a customer's commands."""
    ctx.obj = customer(ctx, url, token, account)


def of_account(ctx: typer.Context) -> typer.Context:
    """The same, asking below the account.

    Raises:
        CommandFailed: the token sees several accounts, or none.
    """
    service: Service = ctx.obj
    if service.root == CUSTOMERS:
        found = ask(ctx, "GET", "/accounts")["result"]
        if len(found) != 1:
            raise Unusable(f"The token sees {len(found)} accounts: name one in {ACCOUNT_VARIABLE}.")
        owner = found[0]["id"]
        ctx.obj = replace(service, root=addressing(owner), account=owner)
    return ctx
