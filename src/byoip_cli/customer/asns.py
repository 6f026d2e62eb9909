"""`byoip asns`: AS numbers of a customer's own, as the origin of its prefixes."""

import re
from typing import Annotated, Any, Final, TypeAlias

import typer

from byoip_cli.account import of_account, where
from byoip_cli.client import ask, pages
from byoip_cli.faults import CommandFailed, Status, Unusable
from byoip_cli.output import say, show_json, show_object, show_table
from byoip_cli.places import is_id, plain

asns_app = typer.Typer(no_args_is_help=True, help="AS numbers of your own, and their proof.")
asns_app.callback()(where)

_ROW: Final = ("asn", "state", "proven_by", "registry", "id")
_NUMBER: Final = re.compile(r"(?:AS)?([0-9]{1,10})", re.ASCII | re.IGNORECASE)
_PROVEN: Final = "valid"


def number_of(given: str) -> int:
    """An AS number, as in 3320 or AS3320.

    Raises:
        Unusable: it is none.
    """
    found = _NUMBER.fullmatch(given)
    if found is None:
        raise Unusable(f"{given} is no AS number; write 3320, or AS3320.")
    return int(found[1])


Number: TypeAlias = Annotated[
    str, typer.Argument(metavar="ASN", help="The number, as in 3320 or AS3320, or its id.")
]


@asns_app.command("add")
def add(
    ctx: typer.Context,
    asn: Annotated[str, typer.Argument(metavar="ASN", help="As in 3320 or AS3320.")],
) -> None:
    """Bring an AS number, and say what to publish where."""
    made = ask(of_account(ctx), "POST", "/asns", {"asn": number_of(asn)})["result"]
    show_json(made) or _tell(made)


@asns_app.command("list")
def list_asns(ctx: typer.Context) -> None:
    """List the account's AS numbers, oldest first."""
    rows = list(pages(of_account(ctx), "/asns"))
    if not show_json(rows):
        show_table(_ROW, [{**one, "state": _state(one)} for one in rows])


@asns_app.command("show")
def show(ctx: typer.Context, asn: Number) -> None:
    """Show an AS number, and how far its proof has come."""
    show_object(ask(ctx, "GET", _path(of_account(ctx), asn))["result"])


@asns_app.command("check")
def check(ctx: typer.Context, asn: Number) -> None:
    """Have the proof looked for now; ends with 3 unless the number is proven."""
    found = ask(ctx, "POST", f"{_path(of_account(ctx), asn)}/validate")["result"]
    show_json(found) or _tell(found)
    raise typer.Exit(Status.DONE if _state(found) == _PROVEN else Status.WAITS)


@asns_app.command("token")
def token(ctx: typer.Context, asn: Number) -> None:
    """Issue another token; the one before proves nothing any more."""
    path = f"{_path(of_account(ctx), asn)}/validation_tokens"
    found = ask(ctx, "POST", path)["result"]
    show_json(found) or _tell(found)


@asns_app.command("remove")
def remove(ctx: typer.Context, asn: Number) -> None:
    """Give a number up that none of your prefixes has as its origin."""
    ask(ctx, "DELETE", _path(of_account(ctx), asn))
    if not show_json({"removed": asn}):
        say(f"{asn} is given up.")


def _path(ctx: typer.Context, given: str) -> str:
    if is_id(given):
        return f"/asns/{plain(given)}"
    number = number_of(given)
    for one in pages(ctx, "/asns"):
        if one["asn"] == number:
            return f"/asns/{one['id']}"
    told = f"This account has no AS{number}; `byoip asns add {number}` brings it."
    raise CommandFailed(told, Status.NOT_FOUND)


def _state(own: Any) -> str:
    return str(own["asn_ownership_validation_state"])


def _tell(own: Any) -> bool:
    """Say how far it is, and what to publish, as it is to be pasted."""
    say(f"AS{own['asn']}  asn_ownership: {_state(own)}")
    if _state(own) == _PROVEN:
        say(own["evidence"])
    else:
        for told in (own["seen"], own["fix"], own["doubt"]):
            if told:
                say(told)
        say(f"\nIn its aut-num object, at the registry that has given it:\n{own['publish']}")
        say(f"\nNext: byoip asns check {own['asn']}")
    dispute = own.get("dispute")  # none at an older server
    if dispute and dispute["state"] == "open":
        say(f"\n{dispute['means']}")
    for warning in own["warnings"]:
        say(f"\n* {warning}")
    return True
