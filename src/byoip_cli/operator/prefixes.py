"""`byoip operator prefixes`: those of all accounts, over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from byoip_cli.client import Reason, act, ask, pages
from byoip_cli.operator.choices import Standing, Waivable
from byoip_cli.operator.naming import Names
from byoip_cli.operator.touching import touched_of_prefix
from byoip_cli.options import Yes
from byoip_cli.output import go_on, show_object, show_table
from byoip_cli.places import AccountId, ForAccount, PrefixId, RouteId, by_name, is_id, plain

prefixes_app = typer.Typer(no_args_is_help=True, help="Prefixes of all accounts.")

_PREFIX = ("cidr", "account", "asn", "approved", "standing", "why", "id")
_ROUTE = (
    "id",
    "cidr",
    "asn_prepend_count",
    "locked",
    "desired",
    "applied",
    "observed",
    "waiting_for",
)
_WAIVER = ("id", "check", "reason", "created_at", "expires_at")
_EVENT = ("number", "at", "kind", "actor", "before", "after")


def _waiver(ctx: typer.Context, given: str) -> str:
    if ctx.resilient_parsing or is_id(given):
        return plain(given)
    stand = ask(ctx, "GET", f"/prefixes/{ctx.params['prefix']}/waivers")["result"]
    return by_name(({**one, "name": one["check"]} for one in stand), given, "waiver")


@prefixes_app.command("list")
def list_prefixes(
    ctx: typer.Context,
    account: ForAccount = None,
    overlapping: Annotated[
        str | None, typer.Option(help="Only those that share an address with this prefix.")
    ] = None,
    approved: Annotated[
        bool | None, typer.Option("--approved/--pending", help="Only those.")
    ] = None,
    standing: Annotated[Standing | None, typer.Option(help="Only of this standing.")] = None,
) -> None:
    """List prefixes of all accounts."""
    query: dict[str, Any] = {
        "account_id": account,
        "overlapping": overlapping,
        "approved": approved,
        "standing": standing.value if standing else None,
    }
    show_table(_PREFIX, pages(ctx, "/prefixes", **query), Names(ctx).of_account, _told)


def _told(prefix: Mapping[str, Any]) -> dict[str, str]:
    """How far it is, and what is in its way."""
    why = "\n".join(one["name"] for one in prefix["blockers"])
    approved = {"P": "pending", "V": prefix["approved_by"] or "yes"}[prefix["approved"]]
    return {"approved": approved, "why": why}


@prefixes_app.command("show")
def show_prefix(ctx: typer.Context, prefix: PrefixId) -> None:
    """Show one prefix with its checks."""
    show_object(ask(ctx, "GET", f"/prefixes/{prefix}")["result"])


@prefixes_app.command("history")
def prefix_history(ctx: typer.Context, prefix: PrefixId) -> None:
    """Show a prefix's history."""
    every = pages(ctx, f"/prefixes/{prefix}/events", by="after")
    show_table(_EVENT, every, Names(ctx).of_actor)


@prefixes_app.command("approve")
def approve(
    ctx: typer.Context,
    prefix: PrefixId,
    reason: Reason,
    proof_ends_at: Annotated[
        str | None, typer.Option(help="Until when that is a proof, as in 2027-12-31T12:00:00Z.")
    ] = None,
) -> None:
    """Approve without the checks; never over another approved prefix."""
    more = {"proof_ends_at": proof_ends_at} if proof_ends_at else {}
    show_object(act(ctx, f"/prefixes/{prefix}/approve", reason, **more))


@prefixes_app.command("revoke")
def revoke(ctx: typer.Context, prefix: PrefixId, reason: Reason, yes: Yes = False) -> None:
    """Revoke an approval; routes stay until they are withdrawn.

    Its letters of agency end: transits that poll a letter's page may drop the route.
    """
    touched = touched_of_prefix(ctx, prefix)
    go_on(f"{touched}\nIts approval and letters end; its routes stay.", yes=yes)
    show_object(act(ctx, f"/prefixes/{prefix}/revoke", reason))


@prefixes_app.command("suspend")
def suspend(ctx: typer.Context, prefix: PrefixId, reason: Reason, yes: Yes = False) -> None:
    """Suspend a prefix: its customer can change nothing; routes stay."""
    touched = touched_of_prefix(ctx, prefix)
    go_on(f"{touched}\nIts customer can change nothing; its routes stay.", yes=yes)
    show_object(act(ctx, f"/prefixes/{prefix}/suspend", reason))


@prefixes_app.command("resume")
def resume(ctx: typer.Context, prefix: PrefixId, reason: Reason) -> None:
    """End a suspension."""
    show_object(act(ctx, f"/prefixes/{prefix}/resume", reason))


@prefixes_app.command("move")
def move(
    ctx: typer.Context,
    prefix: PrefixId,
    account: AccountId,
    reason: Reason,
) -> None:
    """Move an approved prefix to another account; nothing is withdrawn."""
    show_object(act(ctx, f"/prefixes/{prefix}/move", reason, to_account_id=account))


@prefixes_app.command("settle")
def settle(ctx: typer.Context, prefix: PrefixId, reason: Reason) -> None:
    """End a contest, after talking to both customers."""
    show_object(act(ctx, f"/prefixes/{prefix}/settle", reason))


@prefixes_app.command("waivers")
def list_waivers(ctx: typer.Context, prefix: PrefixId) -> None:
    """List the checks that a prefix need not pass."""
    show_table(_WAIVER, ask(ctx, "GET", f"/prefixes/{prefix}/waivers")["result"])


@prefixes_app.command("waive")
def waive(
    ctx: typer.Context,
    prefix: PrefixId,
    check: Annotated[Waivable, typer.Argument(help="Which check.")],
    until: Annotated[str, typer.Option(help="End, as in 2027-01-31T12:00:00Z; within a year.")],
    reason: Reason,
) -> None:
    """Do without a check for one prefix.

    rpki: not found passes, invalid never; a ROA that covers the prefix ends it.
    """
    body = {"check": check.value, "expires_at": until}
    show_object(act(ctx, f"/prefixes/{prefix}/waivers", reason, **body))


@prefixes_app.command("end-waiver")
def end_waiver(
    ctx: typer.Context,
    prefix: PrefixId,
    waiver: Annotated[
        str,
        typer.Argument(metavar="WAIVER_ID", help="Or its check; see `waivers`.", callback=_waiver),
    ],
    reason: Reason,
) -> None:
    """Take a waiver back; approval and routes stay."""
    show_object(act(ctx, f"/prefixes/{prefix}/waivers/{waiver}/end", reason))


@prefixes_app.command("routes")
def list_routes(ctx: typer.Context, prefix: PrefixId) -> None:
    """List a prefix's BGP prefixes, as desired, applied and observed."""
    show_table(_ROUTE, ask(ctx, "GET", f"/prefixes/{prefix}/bgp/prefixes")["result"], _told_route)


def _told_route(route: Mapping[str, Any]) -> dict[str, Any]:
    states = {name: route[name]["advertised"] for name in ("desired", "applied", "observed")}
    waits = route["waiting_for"]
    return {
        **states,
        "locked": route["on_demand"]["on_demand_locked"],
        "waiting_for": waits and waits["what"],
    }


@prefixes_app.command("lock-route")
def lock_route(ctx: typer.Context, prefix: PrefixId, route: RouteId, reason: Reason) -> None:
    """Lock a route as it is, so that its customer cannot announce or withdraw it."""
    show_object(act(ctx, f"/prefixes/{prefix}/bgp/prefixes/{route}/lock", reason))


@prefixes_app.command("unlock-route")
def unlock_route(ctx: typer.Context, prefix: PrefixId, route: RouteId, reason: Reason) -> None:
    """Unlock a route: its customer may announce and withdraw it again."""
    show_object(act(ctx, f"/prefixes/{prefix}/bgp/prefixes/{route}/unlock", reason))


@prefixes_app.command("announce-route")
def announce_route(ctx: typer.Context, prefix: PrefixId, route: RouteId, reason: Reason) -> None:
    """Announce on your word what a freeze, contest or dispute stops; that stands."""
    show_object(act(ctx, f"/prefixes/{prefix}/bgp/prefixes/{route}/announce", reason))
