"""`byoip operator`: reservations, letters, overrides and snapshots, over HTTP."""

from typing import Annotated
from urllib.parse import quote

import typer

from byoip_cli.client import Reason, act, ask, pages
from byoip_cli.operator.naming import Names
from byoip_cli.operator.touching import touched_of_letter
from byoip_cli.options import Yes
from byoip_cli.output import go_on, show_object, show_table
from byoip_cli.places import ForAccount, listed

reservations_app = typer.Typer(no_args_is_help=True, help="Space that is reserved.")
overrides_app = typer.Typer(no_args_is_help=True, help="Which registry is responsible for what.")
letters_app = typer.Typer(no_args_is_help=True, help="Letters of agency.")
snapshots_app = typer.Typer(no_args_is_help=True, help="Data that checks rest on.")

_RESERVATION = ("id", "cidr", "account_id", "account", "reason", "created_at")
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


@reservations_app.command("list")
def list_reservations(ctx: typer.Context) -> None:
    """List reservations."""
    show_table(_RESERVATION, pages(ctx, "/reservations"), Names(ctx).of_account)


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
    show_object(act(ctx, f"/loa/{quote(reference, safe='')}/revoke", reason))


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
