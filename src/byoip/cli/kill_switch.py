"""`byoip kill-switch`: straight on the database, so that it works while the API is down."""

from typing import Annotated
from uuid import uuid4

import typer

from byoip.cli.opening import Reason, operating_user, with_composition
from byoip.composition.process import Composition
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind
from byoip.usecases.jobs import kill_switches
from byoip_cli.output import show_table

kill_switch_app = typer.Typer(
    no_args_is_help=True,
    help="Stop a kind of job in the database itself; works while the API is down.",
)

Kind = Annotated[JobKind, typer.Argument(help="See `list`.")]


@kill_switch_app.command("list")
def list_switches() -> None:
    """Show every kind of job, and whether it is stopped."""

    async def work(composition: Composition) -> list[dict[str, object]]:
        names = ("kind", "stopped", "at", "by", "because")
        found = await kill_switches.KillSwitches(composition.store).all()
        return [{name: getattr(one, name) for name in names} for one in found]

    with_composition(work, lambda rows: show_table(tuple(rows[0]), rows))


@kill_switch_app.command("stop")
def stop(kind: Kind, reason: Reason) -> None:
    """Stop a kind of job before its next row, on all workers."""
    _move(kind, reason, stopped=True)


@kill_switch_app.command("start")
def start(kind: Kind, reason: Reason) -> None:
    """Let a kind of job run again."""
    _move(kind, reason, stopped=False)


def _move(kind: JobKind, reason: str, *, stopped: bool) -> None:
    by = Actor(f"cli:{operating_user()}", f"cli-{uuid4().hex}")

    async def work(composition: Composition) -> object:
        async with composition.store.transaction(actor=by) as tx:
            return await kill_switches.move(tx, kind, stopped=stopped, reason=reason)

    said = f"{kind.value} is stopped." if stopped else f"{kind.value} may run."
    with_composition(work, lambda _: typer.echo(said))
