"""`byoip operator`: whether what was proven is still so, over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from byoip_cli.client import Reason, act, ask, pages
from byoip_cli.operator.choices import Side, Signal
from byoip_cli.operator.naming import Names
from byoip_cli.operator.prefixes import prefixes_app
from byoip_cli.output import show_json, show_object, show_table
from byoip_cli.places import PrefixId, is_id, network_of, pick, plain

levels_app = typer.Typer(no_args_is_help=True, help="Rises of level that are held.")
disputes_app = typer.Typer(no_args_is_help=True, help="Two accounts, and space that was sold.")

_HELD = ("registry", "signal", "rises", "since", "sample")
_SIGNAL = ("signal", "level", "held", "looked_at", "good_at", "failing_since", "seen", "unanswered")

_SIDES = ("holder", "claimant")
_PROOF = (
    "prefix_id",
    "account_id",
    "account",
    "cidr",
    "approved_by",
    "proven_at",
    "ends_at",
    "seen",
)


def _told_dispute(row: Mapping[str, Any]) -> dict[str, str]:
    named = {side: row[side]["account_name"] for side in _SIDES}
    return {"cidr": row["holder"]["cidr"], **named}


def _dispute(ctx: typer.Context, given: str) -> str:
    if ctx.resilient_parsing or is_id(given):
        return plain(given)
    network_of(given)
    rows = [{**one, **_told_dispute(one)} for one in pages(ctx, "/disputes")]
    return str(pick(rows, given, "dispute")["id"])


Registry = Annotated[str, typer.Argument(help="See `list`.")]
DisputeId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The holder's CIDR, an address in it, or its id.", callback=_dispute
    ),
]
Held = Annotated[Signal, typer.Argument(help="See `list`.")]


@levels_app.command("list")
def list_held(ctx: typer.Context) -> None:
    """List what is held: more of a registry than a day may bring."""
    show_table(_HELD, ask(ctx, "GET", "/levels")["result"])


@levels_app.command("release")
def release(ctx: typer.Context, registry: Registry, signal: Held, reason: Reason) -> None:
    """Let all through that is held of a registry and signal."""
    body = {"registry": registry, "signal": signal.value}
    show_object(act(ctx, "/levels/release", reason, **body))


@levels_app.command("drop")
def drop(ctx: typer.Context, registry: Registry, signal: Held, reason: Reason) -> None:
    """Drop all that is held of a registry and signal: its time starts again."""
    body = {"registry": registry, "signal": signal.value}
    show_object(act(ctx, "/levels/drop", reason, **body))


@prefixes_app.command("watch")
def show_watch(ctx: typer.Context, prefix: PrefixId) -> None:
    """Show whether what was proven of a prefix is still so."""
    found = ask(ctx, "GET", f"/prefixes/{prefix}/watch")["result"]
    if show_json(found):
        return
    show_object({name: one for name, one in found.items() if name != "signals"})
    show_table(_SIGNAL, found["signals"])


@prefixes_app.command("proofs")
def list_proofs(ctx: typer.Context) -> None:
    """List proofs that end soon or have ended, and your word of a year ago without an end."""
    show_table(_PROOF, ask(ctx, "GET", "/proofs")["result"], Names(ctx).of_account)


@prefixes_app.command("end-proof")
def end_proof(
    ctx: typer.Context,
    prefix: PrefixId,
    reason: Reason,
    at: Annotated[
        str | None, typer.Option(help="End, as in 2027-12-31T12:00:00Z; without it there is none.")
    ] = None,
) -> None:
    """Say until when your approval counts as a proof, as of now."""
    show_object(act(ctx, f"/prefixes/{prefix}/end_proof", reason, proof_ends_at=at))


@prefixes_app.command("lift-freeze")
def lift_freeze(ctx: typer.Context, prefix: PrefixId, reason: Reason) -> None:
    """Lift all freezes of a prefix: what is there now counts as right."""
    show_object(act(ctx, f"/prefixes/{prefix}/lift_freeze", reason))


@disputes_app.command("list")
def list_disputes(ctx: typer.Context) -> None:
    """List what waits for your decision."""
    columns = ("id", "cidr", *_SIDES, "opened_at", "decide_from")
    show_table(columns, pages(ctx, "/disputes"), _told_dispute)


@disputes_app.command("show")
def show_dispute(ctx: typer.Context, dispute: DisputeId) -> None:
    """Show both sides, what speaks for whom, and what is recommended."""
    found = ask(ctx, "GET", f"/disputes/{dispute}")["result"]
    if show_json(found):
        return
    show_object({name: one for name, one in found.items() if name not in _SIDES})
    for side in _SIDES:
        party = found[side]
        kept = {name: one for name, one in party.items() if name not in {"signals", "validation"}}
        show_object({"side": side, **kept, "validation": (party["validation"] or {}).get("id")})
        show_table(_SIGNAL, party["signals"])


@disputes_app.command("decide")
def decide_dispute(
    ctx: typer.Context,
    dispute: DisputeId,
    side: Annotated[Side, typer.Argument(help="For whom.")],
    reason: Reason,
    early: Annotated[bool, typer.Option(help="Do not wait for the holder's 14 days.")] = False,
) -> None:
    """Decide: the holder keeps the space, or loses its approval and is offboarded."""
    body = {"decide_for": side.value, "early": early}
    show_object(act(ctx, f"/disputes/{dispute}/decide", reason, **body))
