"""`byoip operator`: prefixes, reservations, overrides and snapshots, over HTTP."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from byoip_cli.client import Reason, act, ask, pages
from byoip_cli.operator.choices import Standing, Waivable
from byoip_cli.operator.touching import touched_of_letter, touched_of_prefix
from byoip_cli.options import Yes
from byoip_cli.output import go_on, show_json, show_object, show_table
from byoip_cli.places import AccountId, ForAccount, PrefixId, RouteId, listed

prefixes_app = typer.Typer(no_args_is_help=True, help="Prefixes of all accounts.")
reservations_app = typer.Typer(no_args_is_help=True, help="Space that is reserved.")
overrides_app = typer.Typer(no_args_is_help=True, help="Which registry is responsible for what.")
letters_app = typer.Typer(no_args_is_help=True, help="Letters of agency.")
snapshots_app = typer.Typer(no_args_is_help=True, help="Data that checks rest on.")

_PREFIX = ("cidr", "account", "asn", "approved", "standing", "why", "id")
_ROUTE = ("id", "cidr", "asn_prepend_count", "locked", "desired", "applied", "observed")
_WAIVER = ("id", "check", "reason", "created_at", "expires_at")
_EVENT = ("number", "at", "kind", "actor", "before", "after")
_RESERVATION = ("id", "cidr", "account_id", "reason", "created_at")
_OVERRIDE = ("id", "cidr", "registry", "reason", "created_at")
_SNAPSHOT = ("number", "in_use", "accepted", "built_at", "source", "counts", "objections", "kept")
_REGISTRATION = ("registry", "serial", "loaded_at", "ranges", "fault", "refused", "acceptance")

Cidr = Annotated[str, typer.Argument(metavar="CIDR", help="For example 198.51.100.0/24.")]
ReservationId = Annotated[
    str,
    typer.Argument(
        metavar="RESERVATION",
        help="Its CIDR, an address in it, or its id.",
        callback=listed("/reservations", "reservation"),
    ),
]
OverrideId = Annotated[
    str,
    typer.Argument(
        metavar="OVERRIDE",
        help="Its CIDR, an address in it, or its id.",
        callback=listed("/registry_overrides", "override"),
    ),
]


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
    names = {one["id"]: one["name"] for one in pages(ctx, "/accounts")}
    rows = list(pages(ctx, "/prefixes", **query))
    if not show_json(rows):
        show_table(_PREFIX, [{**one, **_told(one, names)} for one in rows])


def _told(prefix: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    """Whose it is, and what is in its way."""
    why = "\n".join(one["name"] for one in prefix["blockers"])
    account = names.get(prefix["account_id"], prefix["account_id"])
    approved = {"P": "pending", "V": prefix["approved_by"] or "yes"}[prefix["approved"]]
    return {"account": account, "approved": approved, "why": why}


@prefixes_app.command("show")
def show_prefix(ctx: typer.Context, prefix: PrefixId) -> None:
    """Show one prefix with its checks."""
    show_object(ask(ctx, "GET", f"/prefixes/{prefix}")["result"])


@prefixes_app.command("history")
def prefix_history(ctx: typer.Context, prefix: PrefixId) -> None:
    """Show a prefix's history."""
    show_table(_EVENT, pages(ctx, f"/prefixes/{prefix}/events", by="after"))


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
    waiver: Annotated[str, typer.Argument(metavar="WAIVER_ID", help="See `waivers`.")],
    reason: Reason,
) -> None:
    """Take a waiver back; approval and routes stay."""
    show_object(act(ctx, f"/prefixes/{prefix}/waivers/{waiver}/end", reason))


@prefixes_app.command("routes")
def list_routes(ctx: typer.Context, prefix: PrefixId) -> None:
    """List a prefix's BGP prefixes, as desired, applied and observed."""
    found = ask(ctx, "GET", f"/prefixes/{prefix}/bgp/prefixes")["result"]
    rows = [{**one, "locked": one["on_demand"]["on_demand_locked"]} for one in found]
    show_table(_ROUTE, rows)


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
    """Announce a withdrawn route of a frozen prefix on your word; the freeze stands."""
    show_object(act(ctx, f"/prefixes/{prefix}/bgp/prefixes/{route}/announce", reason))


@reservations_app.command("list")
def list_reservations(ctx: typer.Context) -> None:
    """List reservations."""
    show_table(_RESERVATION, pages(ctx, "/reservations"))


@reservations_app.command("create")
def reserve(ctx: typer.Context, cidr: Cidr, reason: Reason, account: ForAccount = None) -> None:
    """Reserve space for one account; without one, no customer may claim it."""
    show_object(act(ctx, "/reservations", reason, cidr=cidr, account_id=account))


@reservations_app.command("release")
def release(ctx: typer.Context, reservation: ReservationId, reason: Reason) -> None:
    """End a reservation: every customer may claim the space again."""
    show_object(act(ctx, f"/reservations/{reservation}/release", reason))


@letters_app.command("revoke")
def revoke_letter(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(help="As the letter states it.")],
    reason: Reason,
    yes: Yes = False,
) -> None:
    """Revoke a letter of agency, and every other letter for its route.

    The route stays announced, but transits that poll the letter's page may drop it.
    """
    go_on(touched_of_letter(ctx, reference), yes=yes)
    show_object(act(ctx, f"/loa/{reference}/revoke", reason))


@overrides_app.command("list")
def list_overrides(ctx: typer.Context) -> None:
    """List the overrides in the database; the settings may have others."""
    show_table(_OVERRIDE, pages(ctx, "/registry_overrides"))


@overrides_app.command("put")
def put_override(
    ctx: typer.Context,
    cidr: Cidr,
    registry: Annotated[str, typer.Argument(help="Key of the registry, for example ripencc.")],
    reason: Reason,
) -> None:
    """Say which registry is responsible for a range."""
    body = {"cidr": cidr, "registry": registry, "reason": reason}
    show_object(ask(ctx, "PUT", "/registry_overrides", body)["result"])


@overrides_app.command("remove")
def remove_override(ctx: typer.Context, override: OverrideId, reason: Reason) -> None:
    """Remove an override: settings and statistics decide again."""
    show_object(act(ctx, f"/registry_overrides/{override}/remove", reason))


@snapshots_app.command("list")
def list_snapshots(
    ctx: typer.Context, newest: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 10
) -> None:
    """List the newest ROA snapshots, and why some were refused."""
    answer = ask(ctx, "GET", "/roa_snapshots", query={"per_page": newest})
    show_table(_SNAPSHOT, answer["result"])


@snapshots_app.command("accept")
def accept(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(min=1, help="Number of the refused snapshot.")],
    reason: Reason,
) -> None:
    """Use a refused snapshot in spite of the gates."""
    show_object(act(ctx, f"/roa_snapshots/{number}/accept", reason))


@snapshots_app.command("registrations")
def registrations(ctx: typer.Context) -> None:
    """List the registries' statistics in use."""
    show_table(_REGISTRATION, ask(ctx, "GET", "/registration_snapshots")["result"])


@snapshots_app.command("accept-registrations")
def accept_registrations(
    ctx: typer.Context,
    registry: Annotated[str, typer.Argument(help="For example ripencc.")],
    reason: Reason,
) -> None:
    """Use a registry's newest file, which was refused for having too few entries."""
    show_object(act(ctx, f"/registration_snapshots/{quote(registry, safe='')}/accept", reason))
