"""`byoip webhooks listen`: reads the account's feed, and sends what comes to a program here.

The messages are those of a webhook, and signed as they are (Standard Webhooks 1.0.0). The secret is
made of the token, so it stays the same; it opens nothing at the service.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import httpx
import typer

from byoip.adapters.hooks.signing import HookSigner
from byoip.domain.hooks.message import (
    About,
    Feed,
    FeedEvent,
    Message,
    event_message,
    message_of_test,
)
from byoip.domain.hooks.webhook import accepted
from byoip.domain.rdap.network import legible
from byoip_cli.client import Service, ask

_WAIT: Final = 30
_PAGE: Final = 200
_SECONDS: Final = 15.0  # as long as the service waits
_PAUSES: Final = (1.0, 2.0, 5.0)
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What is sent where.

    Attributes:
        kinds: of events that are sent; empty: all.
        after: the event to begin behind; None: with what comes from now on.
        count: how many must be taken until it ends; None: it does not.
    """

    to: str
    kinds: frozenset[str]
    after: int | None
    count: int | None


def forward(ctx: typer.Context, asked: Forwarding) -> None:
    """Send events in their order, each until it is taken."""
    service: Service = ctx.obj
    account_id = UUID(service.root.split("/")[4])
    signer = HookSigner(sha256(b"byoip webhooks listen\0" + service.token.encode()).digest())
    number, epoch = _place(ctx, asked.after)
    typer.echo(f"Secret: {signer.secret(account_id, 1).symmetric}", err=True)
    typer.echo(f"Events behind {number} are sent to {asked.to}; Ctrl-C ends it.", err=True)
    with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
        sender = _Sender(client, signer, account_id, asked.to)
        sender.send(message_of_test(Feed(account_id, UUID(epoch)), account_id, 1, _now()))
        taken, previous = 0, number
        for event, of in _events(ctx, number, epoch):
            if asked.kinds and event.kind not in asked.kinds:
                continue
            feed = Feed(account_id, UUID(of))
            sender.until_taken(event_message(feed, event, previous, About.EVENT), event.kind)
            taken, previous = taken + 1, event.number
            if taken == asked.count:
                return


def _place(ctx: typer.Context, after: int | None) -> tuple[int, str]:
    """Where to begin: a number, and its epoch."""
    number = after or 0
    while True:
        found = ask(ctx, "GET", "/events", query={"after": number, "per_page": _PAGE})
        if after is not None or not found["result"]:
            return number, found["result_info"]["epoch"]
        number = found["result"][-1]["number"]


def _events(ctx: typer.Context, number: int, epoch: str) -> Iterator[tuple[FeedEvent, str]]:
    """Each event behind this number, as they come, and its epoch."""
    while True:
        query = {"after": number, "epoch": epoch, "wait": _WAIT, "per_page": _PAGE}
        found = ask(ctx, "GET", "/events", query=query, seconds=2.0 * _WAIT)
        for shown in found["result"]:
            number = shown["number"]
            yield _event(shown), epoch


def _event(shown: Mapping[str, Any]) -> FeedEvent:
    return FeedEvent(
        number=shown["number"],
        prefix_id=UUID(shown["prefix_id"]),
        prefix_number=shown["prefix_number"],
        kind=shown["kind"],
        actor=shown["actor"],
        request_id=shown["request_id"],
        at=datetime.fromisoformat(shown["at"]),
        before=shown["before"],
        after=shown["after"],
    )


@dataclass(frozen=True, slots=True)
class _Sender:
    """Sends to the program."""

    client: httpx.Client
    signer: HookSigner
    account_id: UUID
    to: str

    def until_taken(self, message: Message, kind: str) -> None:
        attempts = 0
        while True:
            said, taken = self.send(message)
            typer.echo(f"{message.number} {kind}: {said}")
            if taken:
                return
            time.sleep(_PAUSES[min(attempts, len(_PAUSES) - 1)])
            attempts += 1

    def send(self, message: Message) -> tuple[str, bool]:
        signed = self.signer.headers(self.account_id, [1], message.id, _now(), message.body)
        headers = {"content-type": "application/json", **signed}
        try:
            answer = self.client.post(self.to, content=message.body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            return legible(str(fault) or type(fault).__name__, _SHOWN), False
        return str(answer.status_code), accepted(answer.status_code)


def _now() -> datetime:
    return datetime.now(UTC)
