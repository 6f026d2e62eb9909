"""`byoip webhooks listen`: reads the account's feed, and sends what comes to a program here.

The secret is made of the token, so it stays the same; it opens nothing at the service.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx
import typer

from byoip_cli.client import Service
from byoip_cli.feed import RESTARTED, Restarted, follow, place
from byoip_cli.output import echo, legible, say, show_json
from byoip_cli.places import plain
from byoip_cli.webhooks.messages import (
    Key,
    Message,
    message_of,
    restart_of,
    test_of,
)

_SECONDS: Final = 15.0  # as long as the service waits
_PAUSES: Final = (1.0, 2.0, 5.0)


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
    account = plain(service.account or "")
    key = Key.made_of(service.token, account)
    number, epoch = place(ctx, "/events", asked.after)
    say(f"Secret: {key}")
    say(f"Events behind {number} are sent to {asked.to}; Ctrl-C ends it.")
    with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
        sender = _Sender(client, key, asked.to)
        sender.send(test_of(account))
        taken, previous = 0, number
        for event in follow(ctx, "/events", number, epoch):
            if isinstance(event, Restarted):  # whatever kinds are wanted, as a webhook is told
                epoch, previous = event.epoch, min(previous, event.after)
                sender.until_taken(restart_of(account, event), event.after, RESTARTED)
                continue
            if asked.kinds and event["kind"] not in asked.kinds:
                continue
            message = message_of(account, epoch, event, previous)
            sender.until_taken(message, event["number"], event["kind"])
            taken, previous = taken + 1, event["number"]
            if taken == asked.count:
                return


@dataclass(frozen=True, slots=True)
class _Sender:
    """Sends to the program."""

    client: httpx.Client
    key: Key
    to: str

    def until_taken(self, message: Message, number: int, kind: str) -> None:
        attempts = 0
        while True:
            said, taken = self.send(message)
            told = {"number": number, "kind": kind, "answer": said, "taken": taken}
            if not show_json(told):
                echo(f"{number} {kind}: {said}")
            if taken:
                return
            time.sleep(_PAUSES[min(attempts, len(_PAUSES) - 1)])
            attempts += 1

    def send(self, message: Message) -> tuple[str, bool]:
        headers = {
            "content-type": "application/json",
            **self.key.headers(message, datetime.now(UTC)),
        }
        try:
            answer = self.client.post(self.to, content=message.body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            return legible(str(fault) or type(fault).__name__), False
        return str(answer.status_code), answer.is_success
