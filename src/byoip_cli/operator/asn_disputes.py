"""`byoip operator asn-disputes`: two accounts that have proven one AS number, over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

import typer

from byoip_cli.client import Reason, act, ask, pages
from byoip_cli.customer.asns import number_of
from byoip_cli.faults import CommandFailed, Status
from byoip_cli.operator.choices import Side
from byoip_cli.output import show_json, show_object, show_table
from byoip_cli.places import is_id, plain

asn_disputes_app = typer.Typer(
    no_args_is_help=True, help="Two accounts that have proven one AS number."
)

_SIDES: Final = ("holder", "claimant")
_PREFIX: Final = ("cidr", "prefix_id", "state", "announced")


def _found(ctx: typer.Context, given: str) -> str:
    if ctx.resilient_parsing or is_id(given):
        return plain(given)
    number = number_of(given)
    for one in pages(ctx, "/asn_disputes"):
        if one["asn"] == number:
            return str(one["id"])
    raise CommandFailed(f"No dispute about AS{number} is open.", Status.NOT_FOUND)


DisputeId: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="ASN",
        help="The number, as in 3320 or AS3320, or the dispute's id.",
        callback=_found,
    ),
]


@asn_disputes_app.command("list")
def list_asn_disputes(ctx: typer.Context) -> None:
    """List what waits for your decision."""
    columns = ("id", "asn", *_SIDES, "opened_at", "decide_after")
    show_table(columns, pages(ctx, "/asn_disputes"), _told)


@asn_disputes_app.command("show")
def show_asn_dispute(ctx: typer.Context, dispute: DisputeId) -> None:
    """Show both sides, what is recommended and why, and prefixes with this origin."""
    found = ask(ctx, "GET", f"/asn_disputes/{dispute}")["result"]
    if show_json(found):
        return
    apart = {*_SIDES, "prefixes"}
    show_object({name: one for name, one in found.items() if name not in apart})
    for side in _SIDES:
        show_object({"side": side, **found[side]})
    show_table(_PREFIX, found["prefixes"])


@asn_disputes_app.command("decide")
def decide_asn_dispute(
    ctx: typer.Context,
    dispute: DisputeId,
    side: Annotated[Side, typer.Argument(help="For whom.")],
    reason: Reason,
    early: Annotated[bool, typer.Option(help="Do not wait for the holder's 14 days.")] = False,
) -> None:
    """Decide whose the number is: the other one's proof goes, and no route does."""
    body = {"decide_for": side.value, "early": early}
    show_object(act(ctx, f"/asn_disputes/{dispute}/decide", reason, **body))


def _told(row: Mapping[str, Any]) -> dict[str, str]:
    return {side: row[side]["account_name"] for side in _SIDES}
