"""`byoip account`, `byoip token`, `byoip person`: the first ones, made in the database itself."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from byoip.cli.credentials import (
    create_account,
    create_token,
    invite,
    remove_person,
    sign_in_link,
)
from byoip.cli.opening import Reason, with_composition
from byoip.domain.accounts.credential import Scope
from byoip.domain.accounts.people import Role
from byoip.domain.claims.claim import CLAIMS_PER_ACCOUNT

accounts_app = typer.Typer(no_args_is_help=True, help="Customers; more under `operator`.")
tokens_app = typer.Typer(
    no_args_is_help=True, help="Their credentials, and the operator's; more under `operator`."
)
people_app = typer.Typer(
    no_args_is_help=True, help="People who sign in on pages; more there, under People."
)
Account = Annotated[
    UUID | None, typer.Option(help="Id of the account; without one: the operator's people.")
]

_WAY_IN = "Made on the command line, in the database itself."


@accounts_app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="For people.")],
    quota: Annotated[
        int, typer.Option(min=1, max=CLAIMS_PER_ACCOUNT, help="How many prefixes.")
    ] = CLAIMS_PER_ACCOUNT,
    reason: Reason = _WAY_IN,
) -> None:
    """Create an account and print its id."""
    with_composition(
        lambda composition: create_account(composition, name, quota, reason),
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
    reason: Reason = _WAY_IN,
) -> None:
    """Create a credential and print its token; it cannot be shown again."""
    lifetime = timedelta(days=days) if days else None
    scopes = frozenset(scope or ())
    with_composition(
        lambda composition: create_token(
            composition, account, name, reason, scopes=scopes, lifetime=lifetime
        ),
        typer.echo,
    )


@people_app.command("invite")
def invite_one(
    name: Annotated[str, typer.Argument(help="As histories will name them.")],
    role: Annotated[Role, typer.Option(help="What they may do.")],
    account: Account = None,
    reason: Reason = _WAY_IN,
) -> None:
    """Let somebody sign in, and print a link that does it once, within an hour."""
    with_composition(
        lambda composition: invite(composition, account, name, role, reason), typer.echo
    )


@people_app.command("link")
def link_one(
    person: Annotated[UUID, typer.Argument(help="Their id.")],
    account: Account = None,
    reason: Reason = _WAY_IN,
) -> None:
    """Print a new link for somebody; older ones of theirs end."""
    with_composition(
        lambda composition: sign_in_link(composition, account, person, reason), typer.echo
    )


@people_app.command("remove")
def remove_one(
    person: Annotated[UUID, typer.Argument(help="Their id.")],
    account: Account = None,
    reason: Reason = _WAY_IN,
) -> None:
    """Remove somebody: out at the next request."""
    with_composition(lambda composition: remove_person(composition, account, person, reason))
