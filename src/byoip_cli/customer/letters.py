"""`byoip prefixes letter`: letters of agency."""

from pathlib import Path
from typing import Annotated

import typer

from byoip_cli.account import of_account
from byoip_cli.client import ask, send
from byoip_cli.faults import CommandFailed, Status
from byoip_cli.output import say, show_json
from byoip_cli.places import PrefixId, path_of

letters_app = typer.Typer(no_args_is_help=True, help="Letters of agency.")


@letters_app.callback()
def letters() -> None:
    """Letters of agency."""


@letters_app.command("get")
def get(
    ctx: typer.Context,
    prefix: PrefixId,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; else named after the CIDR.")
    ] = None,
) -> None:
    """Save a prefix's letter of agency, as PDF."""
    here = of_account(ctx)
    found = ask(here, "GET", path_of(prefix))["result"]
    letter = found["loa_document_id"]
    if letter is None:
        told = f"{found['cidr']} has no letter; one is written once it is approved, if asked for."
        raise CommandFailed(told, Status.NOT_FOUND)
    path = output or Path(f"letter-{found['cidr'].replace('/', '-').replace(':', '_')}.pdf")
    path.write_bytes(send(here.obj, "GET", f"/loa_documents/{letter}/download").content)
    if not show_json({"file": str(path), "loa_document_id": letter}):
        say(f"{path} is written.")
