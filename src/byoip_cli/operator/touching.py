"""What a command is about to touch, said before it does."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import typer

from byoip_cli.client import ask, pages


def touched_of_prefix(ctx: typer.Context, prefix: str) -> str:
    """Whose it is, and what of it is announced."""
    found = ask(ctx, "GET", f"/prefixes/{prefix}")["result"]
    routes = ask(ctx, "GET", f"/prefixes/{prefix}/bgp/prefixes")["result"]
    up = [one["cidr"] for one in routes if _is_up(one)]
    account = _account(ctx, found["account_id"])
    announced = ", ".join(up) or "nothing"
    letter = "a letter of agency" if found["loa_document_id"] else "no letter"
    return f"{found['cidr']} of {account}: announced: {announced}; {letter}."


def touched_of_token(ctx: typer.Context, credential: str) -> str:
    """Whose it is, and when it was used last."""
    rows = pages(ctx, "/credentials")
    found = next((one for one in rows if one["id"] == credential.replace("-", "").lower()), None)
    if found is None:
        return f"Credential {credential}."
    owner = found["account_id"]
    whose = _account(ctx, owner) if owner else "the operator"
    used = found["last_used_at"] or "never"
    return f"Credential {found['name']} of {whose}, used last: {used}."


def touched_of_letter(ctx: typer.Context, reference: str) -> str:
    """Which route it is for."""
    public = replace(ctx.obj, root="")
    here = typer.Context(ctx.command, obj=public)
    found = ask(here, "GET", f"/loa/{quote(reference, safe='')}")["result"]
    return (
        f"The letter for {found['prefix']} from AS{found['asn']} of {found['account_name']}, "
        f"{found['status']}: networks that poll its page may drop the route."
    )


def touched_of_orphans(ctx: typer.Context, speaker: str, cidr: str | None = None) -> str:
    """Which paths a speaker would withdraw: of this CIDR, or all that are undecided."""
    listed = ask(ctx, "GET", "/routes/orphans")["result"]
    found = [one for one in listed if one["speaker"] == speaker and not one["decided_by"]]
    cidrs = [one["cidr"] for one in found if cidr in {None, one["cidr"]}]
    return f"{speaker} would withdraw: {', '.join(cidrs) or 'nothing that is undecided'}."


def _account(ctx: typer.Context, account_id: str) -> str:
    names = (one["name"] for one in pages(ctx, "/accounts") if one["id"] == account_id)
    return str(next(names, account_id))


def _is_up(route: dict[str, Any]) -> bool:
    return bool(route["desired"]["advertised"] or route["applied"]["advertised"])
