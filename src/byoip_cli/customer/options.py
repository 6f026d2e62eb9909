"""Where a customer's commands ask: the options that their groups share."""

from typing import Annotated, TypeAlias

import typer

from byoip_cli.names import ACCOUNT_VARIABLE, DEFAULT_URL, TOKEN_VARIABLE, URL_VARIABLE
from byoip_cli.profiles import customer

Yes: TypeAlias = Annotated[
    bool, typer.Option("--yes", help="Do not ask; without a terminal it never asks.")
]
Timeout: TypeAlias = Annotated[
    int | None, typer.Option("--timeout", min=1, help="Seconds to wait at most; else for ever.")
]


def where(
    ctx: typer.Context,
    url: Annotated[
        str, typer.Option(envvar=URL_VARIABLE, help="Where the API is, without a path.")
    ] = DEFAULT_URL,
    token: Annotated[
        str, typer.Option(envvar=TOKEN_VARIABLE, show_default=False, hidden=True)
    ] = "",
    account: Annotated[
        str | None,
        typer.Option(envvar=ACCOUNT_VARIABLE, help="Its id; without it the token's own."),
    ] = None,
) -> None:
    """Keep where the service is, for the commands."""
    ctx.obj = customer(ctx, url, token, account)
