"""Options that commands share; each is written here once."""

from typing import Annotated, TypeAlias

import typer

from byoip_cli.names import (
    ACCOUNT_VARIABLE,
    OPERATOR_TOKEN_VARIABLE,
    TOKEN_VARIABLE,
    URL_VARIABLE,
)

Url: TypeAlias = Annotated[
    str, typer.Option(envvar=URL_VARIABLE, help="Where the API is, without a path.")
]
Token: TypeAlias = Annotated[
    str, typer.Option(envvar=TOKEN_VARIABLE, show_default=False, hidden=True)
]
OperatorToken: TypeAlias = Annotated[
    str, typer.Option(envvar=OPERATOR_TOKEN_VARIABLE, show_default=False, hidden=True)
]
Account: TypeAlias = Annotated[
    str | None, typer.Option(envvar=ACCOUNT_VARIABLE, help="Its id; without it the token's own.")
]
Yes: TypeAlias = Annotated[
    bool, typer.Option("--yes", help="Do not ask; without a terminal it never asks.")
]
Timeout: TypeAlias = Annotated[
    int | None, typer.Option("--timeout", min=1, help="Seconds to wait at most; else for ever.")
]
