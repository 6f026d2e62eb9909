"""`byoip account` and `byoip token`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from byoip.cli.credentials import create_account, create_token
from byoip.cli.opening import with_composition
from byoip.cli.tables import credentials_table
from byoip.domain.claim import CLAIMS_PER_ACCOUNT
from byoip.domain.credential import CUSTOMER_SCOPES, Credential, Scope

accounts_app = typer.Typer(no_args_is_help=True, help="Customers.")
tokens_app = typer.Typer(no_args_is_help=True, help="Their credentials, and the operator's.")

AccountId = Annotated[UUID, typer.Option("--account", help="Id of the account.")]


@accounts_app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="For people.")],
    quota: Annotated[
        int, typer.Option(min=1, max=CLAIMS_PER_ACCOUNT, help="How many prefixes.")
    ] = CLAIMS_PER_ACCOUNT,
) -> None:
    """Create an account and print its id."""
    with_composition(
        lambda composition: create_account(composition, name, quota),
        lambda account_id: typer.echo(account_id.hex),
    )


@tokens_app.command("create")
def create_one(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    account: Annotated[
        UUID | None, typer.Option(help="Id of the account; without one: an operator's.")
    ] = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it allows; may be repeated.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="For how long; without it, until revoked.")
    ] = None,
) -> None:
    """Create a credential and print its token, this once."""
    lifetime = timedelta(days=days) if days else None
    usual = CUSTOMER_SCOPES if account else frozenset({Scope.OPERATOR})
    scopes = frozenset(scope) if scope else usual
    with_composition(
        lambda composition: create_token(composition, account, name, scopes, lifetime),
        typer.echo,
    )


@tokens_app.command("revoke")
def revoke(
    credential: Annotated[UUID, typer.Argument(help="Id of the credential, see `list`.")],
) -> None:
    """End a credential at once."""

    def say(ended: bool) -> None:  # noqa: FBT001 - the answer to one question
        if not ended:
            typer.echo("There is no such credential, or it was revoked before.", err=True)
            raise typer.Exit(1)

    with_composition(lambda composition: composition.accounts.revoke(credential), say)


@tokens_app.command("list")
def list_all(
    account: Annotated[UUID | None, typer.Option(help="Id of the account.")] = None,
) -> None:
    """List credentials; tokens are not kept, so they are not shown."""

    def say(credentials: Sequence[Credential]) -> None:
        Console().print(credentials_table(credentials))

    with_composition(lambda composition: composition.accounts.credentials(account), say)
