"""Which account a customer's command is about: the one that is named, or the token's own."""

from dataclasses import replace

import typer

from byoip.cli.operator.client import CommandFailed, Service, ask
from byoip.settings.names import ACCOUNT_VARIABLE


def addressing(account: str) -> str:
    """Below which path its objects are."""
    return f"/client/v4/accounts/{account}/addressing"


def of_account(ctx: typer.Context) -> typer.Context:
    """The same, asking below the account.

    Raises:
        CommandFailed: the token sees several accounts, or none.
    """
    service: Service = ctx.obj
    if service.root == "/client/v4":
        found = ask(ctx, "GET", "/accounts")["result"]
        if len(found) != 1:
            raise CommandFailed(f"The token sees several accounts: name one in {ACCOUNT_VARIABLE}.")
        ctx.obj = replace(service, root=addressing(found[0]["id"]))
    return ctx
