"""A feed of events, read as they come, over faults of the service and over a restore as well."""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import typer

from byoip_cli.client import ask
from byoip_cli.faults import CommandFailed, Status
from byoip_cli.output import say

PAGE: Final = 200
_WAIT: Final = 30
_PAUSE: Final = 2.0
_REPLACED: Final = "events_replaced"
RESTARTED: Final = "feed.restarted"
# `docs/errors.md` says that the number is in the message.
_GO_ON: Final = re.compile(r"go on after ([0-9]+) with the epoch ([0-9a-f]{32})")

Event: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Restarted:
    """The service was restored: numbers beyond `after` are given a second time, in `epoch`.

    Attributes:
        before: the epoch that was read until then.
    """

    after: int
    epoch: str
    before: str


def place(ctx: typer.Context, path: str, after: int | None) -> tuple[int, str]:
    """Where to begin to read: behind this event, or else the newest, and in which epoch it counts.

    Raises:
        CommandFailed: the service declined, or had no answer.
    """
    number = after or 0
    while True:
        found = ask(ctx, "GET", path, query={"after": number, "per_page": PAGE})
        if after is not None or not found["result"]:
            return number, found["result_info"]["epoch"]
        number = found["result"][-1]["number"]


def follow(ctx: typer.Context, path: str, number: int, epoch: str) -> Iterator[Event | Restarted]:
    """Yield each event behind this number, and where the feed begins anew in another epoch.

    The service is asked again after a fault: while it fails over, it has no answer either.

    Args:
        ctx: whose `obj` is the service.
        path: of the feed.
        number: of the event to begin behind.
        epoch: in which that number counts.

    Raises:
        CommandFailed: the service declined.
    """
    while True:
        query = {"after": number, "epoch": epoch, "wait": _WAIT, "per_page": PAGE}
        try:
            found = ask(ctx, "GET", path, query=query, seconds=2.0 * _WAIT)
        except CommandFailed as failed:
            if failed.status == Status.UNREACHABLE:
                say(f"{failed}; it is asked again.")
                time.sleep(_PAUSE)
                continue
            restarted = _restarted(failed, epoch)
            if restarted is None:
                raise
            number, epoch = restarted.after, restarted.epoch
            yield restarted
            continue
        current = found["result_info"]["epoch"]
        if current != epoch:  # behind no event: where nothing was read, nothing is refused
            yield Restarted(number, current, epoch)
            epoch = current
        for event in found["result"]:
            number = event["number"]
            yield event


def _restarted(failed: CommandFailed, before: str) -> Restarted | None:
    if [one["name"] for one in failed.errors] != [_REPLACED]:
        return None
    told = _GO_ON.search(str(failed))
    if told is None or told[2] == before:
        return None
    return Restarted(int(told[1]), told[2], before)
