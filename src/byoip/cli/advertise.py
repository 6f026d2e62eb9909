"""`byoip advertise`: restores routes in the database itself; works while the API is down."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from byoip.cli.opening import Reason, operating_user, with_composition
from byoip.composition.process import Composition
from byoip.domain.history import Actor
from byoip.domain.operator_text import stated_name
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.route_snapshot import Orphan, Unreleased
from byoip.store.speakers.restores import ForgottenState
from byoip.usecases.speakers import orphans as decisions
from byoip.usecases.speakers.forget_applied import forget_applied
from byoip.usecases.speakers.release_routes import Released, ReleaseRoutes
from byoip.usecases.speakers.restore_snapshot import RolledBack

advertise_app = typer.Typer(
    no_args_is_help=True,
    help="What BGP speakers announce, in the database itself, for when the API is down. "
    "Otherwise `byoip operator routes`.",
)
orphan_app = typer.Typer(
    no_args_is_help=True, help="Decide about an orphan: a path that no route asks for."
)
advertise_app.add_typer(orphan_app, name="orphan")


def _by(name: str = "") -> Actor:
    return Actor(f"cli:{name}" if name else "cli", f"cli-{uuid4().hex}")


@advertise_app.command("snapshots")
def snapshots() -> None:
    """List the kept snapshots of the applied state, the newest first."""
    with_composition(lambda composition: composition.route_reader().snapshots(), _say_snapshots)


def _say_snapshots(found: Sequence[tuple[int, datetime, int]]) -> None:
    rows = [(str(number), _moment(at), f"{many:,}") for number, at, many in found]
    _show(("number", "at", "routes"), rows)


@advertise_app.command("rollback")
def rollback(
    number: Annotated[int, typer.Argument(min=1, help="Of the snapshot.")],
    reason: Annotated[str, typer.Option(help="Why; else `rollback to snapshot N`.")] = "",
    name: Annotated[str, typer.Option(help="Who does it; else the user who is logged in.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing.")] = False,
) -> None:
    """Announce the routes of a snapshot again; withdraw nothing.

    Skips prefixes that are not approved now, and routes that the customer has withdrawn since.
    """

    async def work(composition: Composition) -> RolledBack:
        by = _by(stated_name(name or operating_user()).value)
        why = reason or f"rollback to snapshot {number}"
        return await composition.restore_snapshot()(number, reason=why, by=by, dry_run=dry_run)

    with_composition(work, lambda made: _say_rolled_back(made, dry_run=dry_run))


def _say_rolled_back(made: RolledBack, *, dry_run: bool) -> None:
    _say("Would be announced again" if dry_run else "Announced again", made.announced)
    typer.echo(f"Announced anyway: {len(made.kept):,}.")
    _say("Newer than the snapshot, and not touched", made.newer)
    _say_refused(made.refused)


def _say_refused(refused: Sequence[tuple[Prefix, str]]) -> None:
    typer.echo(f"Refused: {len(refused):,}.")
    for cidr, why in refused:
        typer.echo(f"  {cidr}: {why}")


@advertise_app.command("restored")
def restored(name: Annotated[str, typer.Option(help="Your name.")], reason: Reason) -> None:
    """After the database was restored, and before any worker starts: forget what speakers have.

    A path that a speaker holds is taken for ours if a row wants it, and is an orphan if none does;
    offboarding is stopped. Nothing is withdrawn for what the backup says.
    """

    async def work(composition: Composition) -> ForgottenState:
        async with composition.store.transaction(actor=_by()) as tx:
            return await forget_applied(tx, name=name, reason=reason)

    with_composition(work, _say_forgotten)


def _say_forgotten(done: ForgottenState) -> None:
    typer.echo(
        f"Forgotten: {done.applied:,} applied routes, and decisions; {done.orphans:,} orphans stay."
    )
    typer.echo(
        "offboard is stopped: `byoip kill-switch start offboard` when all has been compared."
    )


@advertise_app.command("unreleased")
def unreleased() -> None:
    """List routes that wait since a restore: no speaker holds them, and no listener sees them."""

    async def work(composition: Composition) -> Sequence[tuple[Unreleased, str]]:
        return await ReleaseRoutes(composition.store).waiting()

    with_composition(work, _say_unreleased)


def _say_unreleased(found: Sequence[tuple[Unreleased, str]]) -> None:
    rows = [
        (str(one.cidr), _moment(one.last_seen) if one.last_seen else "never", one.claim, said)
        for one, said in found
    ]
    _show(("prefix", "last seen", "claim", "origin validation"), rows)


@advertise_app.command("release")
def release(
    name: Annotated[str, typer.Option(help="Your name.")],
    reason: Reason,
    cidr: Annotated[str, typer.Argument(help="The route; none: see --all.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Announce a route that waits since a restore, or all, if the rules for announcing allow it."""
    if every == bool(cidr):
        raise typer.BadParameter("Name one prefix, or --all.")

    async def work(composition: Composition) -> Released:
        by, one = _by(stated_name(name).value), Prefix.parse(cidr) if cidr else None
        return await ReleaseRoutes(composition.store)(one, reason=reason, by=by)

    with_composition(work, _say_released)


def _say_released(made: Released) -> None:
    _say("Released", made.announced)
    _say_refused(made.refused)


@advertise_app.command("orphans")
def orphans() -> None:
    """List paths that speakers hold and no row wants."""
    with_composition(lambda composition: composition.route_reader().orphans(), _say_orphans)


def _say_orphans(found: Sequence[Orphan]) -> None:
    rows = [
        (one.speaker, str(one.cidr), _moment(one.found_at), one.decided_by or "not decided")
        for one in found
    ]
    _show(("speaker", "prefix", "found", "to be withdrawn by"), rows)


@orphan_app.command("withdraw")
def withdraw_orphan(
    cidr: Annotated[str, typer.Argument(help="The path's prefix.")],
    speaker: Annotated[str, typer.Option(help="Which speaker, as the settings name it.")],
    name: Annotated[str, typer.Option(help="Your name.")],
    reason: Reason,
) -> None:
    """Have an orphan withdrawn from one speaker, on your word."""

    async def work(composition: Composition) -> None:
        async with composition.store.transaction(actor=_by()) as tx:
            await decisions.withdraw(tx, speaker, cidr, name=name, reason=reason)

    with_composition(
        work,
        lambda _: typer.echo(f"{cidr} will be withdrawn from {speaker}, if it still is an orphan."),
    )


def _say(what: str, cidrs: Sequence[Prefix]) -> None:
    typer.echo(f"{what}: {len(cidrs):,}.")
    for one in cidrs:
        typer.echo(f"  {one}")


def _show(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
