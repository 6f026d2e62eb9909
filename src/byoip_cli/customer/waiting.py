"""Waits until a prefix is approved: each check, what to publish, when it is asked again."""

import time
from collections.abc import Mapping
from math import inf
from typing import Any, Final

import typer
from rich.console import Console
from rich.status import Status as RichStatus

from byoip_cli.client import ask
from byoip_cli.faults import CommandFailed, Status
from byoip_cli.output import say
from byoip_cli.places import path_of

_RUN_SECONDS: Final = 30  # that the service holds a question for a run's end
_PAUSE: Final = 15.0  # between two runs that the customer asks for
_CHECKS: Final = ("ownership", "irr", "rpki", "asn_ownership")
_FOLLOWS: Final = frozenset({"prefix_not_valid_and_approved", "incomplete_bgp_deployment"})
_APPROVED: Final = "V"
_OVER: Final = frozenset({"finished", "cancelled"})


def checked(ctx: typer.Context, prefix: str) -> Any:
    """Have a prefix checked once; the prefix after that."""
    asked = ask(ctx, "POST", f"{path_of(prefix)}/validate")["result"]
    if asked["validation"] is not None:
        _ended(ctx, prefix, asked["validation"]["id"])
    found = ask(ctx, "GET", path_of(prefix))["result"]
    tell(found)
    return found


def approved(ctx: typer.Context, prefix: str, timeout: int | None) -> Any:
    """Have a prefix checked until it is approved, or until so many seconds are over; the prefix."""
    now = time.monotonic
    until = now() + timeout if timeout else inf
    told, next_run = None, 0.0
    while True:
        found = ask(ctx, "GET", path_of(prefix))["result"]
        run = found["validation"]
        if run is None and next_run and (news := _news(found)) != told:
            tell(found)
            told = news
        if found["approved"] == _APPROVED or now() >= until:
            return found
        if run is not None:
            with _status(f"{found['cidr']}: asked at {run['due_at'][11:19]}Z; Ctrl-C ends this"):
                _ended(ctx, prefix, run["id"], until)
        elif now() >= next_run:
            _ask_again(ctx, prefix)
            next_run = now() + _PAUSE
        else:
            _count_down(found["cidr"], min(next_run, until))


def status_of_claim(prefix: Mapping[str, Any]) -> Status:
    """What a command ends with that was to have a prefix approved."""
    return Status.DONE if prefix["approved"] == _APPROVED else Status.WAITS


def tell(prefix: Mapping[str, Any]) -> None:
    """Say how far each check is, and what to publish, as it is to be pasted."""
    states = ((name, prefix.get(f"{name}_validation_state")) for name in _CHECKS)
    say(f"{prefix['cidr']}  " + "  ".join(f"{name}: {one}" for name, one in states if one))
    for one in prefix["blockers"]:
        if one["name"] not in _FOLLOWS:
            say(f"\n* {one['name']}\n{one['message'].rstrip()}")
    if prefix["approved"] == _APPROVED:
        say("It is approved.")


def _news(prefix: Mapping[str, Any]) -> Any:
    states = [prefix.get(f"{name}_validation_state") for name in _CHECKS]
    return states, [one for one in prefix["blockers"] if one["name"] not in _FOLLOWS]


def _ask_again(ctx: typer.Context, prefix: str) -> None:
    """Ask for a run, unless the service wants to be asked later."""
    try:
        ask(ctx, "POST", f"{path_of(prefix)}/validate")
    except CommandFailed as failed:
        if all(one["name"] != "rate_limited" for one in failed.errors):
            raise


def _count_down(cidr: str, until: float) -> None:
    with _status("") as status:
        while (left := until - time.monotonic()) > 0:
            status.update(f"{cidr}: asked again in {left:.0f} s; Ctrl-C ends this")
            time.sleep(min(1.0, left))


def _status(told: str) -> RichStatus:
    return Console(stderr=True).status(told)


def _ended(ctx: typer.Context, prefix: str, run: str, until: float = inf) -> None:
    """Wait until a run has ended, or the time has."""
    path = f"{path_of(prefix)}/validations/{run}"
    while (left := until - time.monotonic()) > 0:
        query = {"wait": int(min(_RUN_SECONDS, left))}
        found = ask(ctx, "GET", path, query=query, seconds=2.0 * _RUN_SECONDS)["result"]
        if found["state"] in _OVER:
            return
