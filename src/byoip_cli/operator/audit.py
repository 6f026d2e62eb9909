"""`byoip audit`: whether the operators' history is what it was, over HTTP."""

import json
from hashlib import sha256
from typing import Annotated

import typer

from byoip_cli.client import send
from byoip_cli.faults import CommandFailed, Status
from byoip_cli.operator.accounts import where
from byoip_cli.output import show_object

audit_app = typer.Typer(
    no_args_is_help=True,
    help="Whether the operators' history is what it was, over the API of a running service.",
)
audit_app.callback()(where)

_BEGINNING = f"0-{'0' * 64}"


@audit_app.command("verify")
def verify(
    ctx: typer.Context,
    kept: Annotated[
        str | None,
        typer.Option("--from", metavar="HEAD", help="That you kept; else from the beginning."),
    ] = None,
) -> None:
    """Read events behind a head, work out their hashes, and say the newest head.

    It ends with 1 at the first event that does not fit, or where the head is not there any more.
    """
    head, events, more = kept or _BEGINNING, 0, True
    while more:
        lines, end, more = _page(ctx, head)
        for line in lines:
            head = _followed(head, line)
        if end != head:
            raise CommandFailed(f"The export says that it ends with {end}, and it does with {head}")
        events += len(lines)
    show_object({"events": events, "head": head})


def _page(ctx: typer.Context, head: str) -> tuple[list[str], str, bool]:
    """Lines of events, the head that they are said to end with, and whether there are more."""
    answer = send(ctx.obj, "GET", "/events/export", query={"cursor": head})
    *lines, last = answer.content.decode(errors="replace").removesuffix("\n").split("\n")
    try:
        told = json.loads(last)
        return lines, told["head"], bool(told["more"] and lines)
    except (ValueError, LookupError, TypeError):
        told = f"{ctx.obj.url} sent no whole export"
        raise CommandFailed(told, Status.UNREACHABLE) from None


def _followed(head: str, line: str) -> str:
    """The head after the event of this line.

    Raises:
        CommandFailed: the event is not as it was written, or is not the next one.
    """
    number, _, previous = head.partition("-")
    text = line.rpartition(', "hash": "')[0] + "}"
    digest = sha256(text.encode()).hexdigest()
    due = int(number) + 1
    try:
        event = json.loads(text)
        fits = (event["number"], event["previous"]) == (due, previous)
    except (ValueError, LookupError, TypeError):
        fits = False
    if not fits or line != f'{text[:-1]}, "hash": "{digest}"}}':
        raise CommandFailed(f"Event {due} is not what it was, or is missing: up to {head} all fit.")
    return f"{due}-{digest}"
