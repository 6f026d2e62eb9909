"""`byoip operator asns`: AS numbers of customers' own, and the operator's AS-SET, over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

import typer

from byoip_cli.client import Reason, act, ask, pages
from byoip_cli.customer.asns import number_of
from byoip_cli.faults import CommandFailed, Status, Unusable
from byoip_cli.operator.naming import Names
from byoip_cli.options import Yes
from byoip_cli.output import go_on, show_json, show_object, show_table
from byoip_cli.places import ForAccount, is_id, plain

asns_app = typer.Typer(no_args_is_help=True, help="AS numbers of customers' own.")

_ROW: Final = ("asn", "id", "account_id", "account", "state", "proven_by", "registry", "evidence")
_MEMBER: Final = ("asn", "prefixes")


def _found(ctx: typer.Context, given: str) -> str:
    if ctx.resilient_parsing or is_id(given):
        return plain(given)
    number = number_of(given)
    ids = [one["id"] for one in pages(ctx, "/asns") if one["asn"] == number]
    if len(ids) == 1:
        return str(ids[0])
    if ids:
        told = f"{len(ids)} accounts have brought AS{number}: {', '.join(ids)}. Give one's id."
        raise Unusable(told)
    raise CommandFailed(f"No account has brought AS{number}.", Status.NOT_FOUND)


AsnId: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="ASN", help="The number, as in 3320 or AS3320, or its id.", callback=_found
    ),
]


@asns_app.command("list")
def list_asns(ctx: typer.Context, account: ForAccount = None) -> None:
    """List AS numbers of all accounts, oldest first."""
    every = pages(ctx, "/asns", account_id=account)
    show_table(_ROW, every, Names(ctx).of_account, _told)


@asns_app.command("approve")
def approve(ctx: typer.Context, asn: AsnId, reason: Reason) -> None:
    """Take an AS number as proven, on your word."""
    show_object(act(ctx, f"/asns/{asn}/approve", reason))


@asns_app.command("revoke")
def revoke(ctx: typer.Context, asn: AsnId, reason: Reason, yes: Yes = False) -> None:
    """Take the proof of an AS number back.

    Nothing new is announced from it; routes that are up stay, with an alarm.
    """
    go_on(_touched(ctx, asn), yes=yes)
    show_object(act(ctx, f"/asns/{asn}/revoke", reason))


@asns_app.command("as-set")
def as_set(ctx: typer.Context) -> None:
    """List what your AS-SET has to name, or upstreams filter what you announce from it."""
    found = ask(ctx, "GET", "/as-set")["result"]
    if show_json(found):
        return
    show_table(_MEMBER, found["members"])
    typer.echo(found["text"], nl=False)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"state": row["asn_ownership_validation_state"]}


def _touched(ctx: typer.Context, own_asn: str) -> str:
    own = next((one for one in pages(ctx, "/asns") if one["id"] == own_asn), None)
    if own is None:
        return f"AS number {own_asn}."
    account = Names(ctx).of_account(own)["account"]
    members = ask(ctx, "GET", "/as-set")["result"]["members"]
    found = (", ".join(one["prefixes"]) for one in members if one["asn"] == own["asn"])
    return f"AS{own['asn']} of {account}: the origin of {next(found, 'no approved prefix')}."
