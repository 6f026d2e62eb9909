"""`byoip webhooks listen`: reads the account's feed, and sends what comes to a program here.

The secret is made of the token, so it stays the same; it opens nothing at the service.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import typer

from byoip_cli.client import Service, ask
from byoip_cli.output import echo, legible, say, show_json
from byoip_cli.places import plain
from byoip_cli.webhooks.messages import Key, Message, message_of, test_of

_WAIT: Final = 30
_PAGE: Final = 200
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
    number, epoch = _place(ctx, asked.after)
    say(f"Secret: {key}")
    say(f"Events behind {number} are sent to {asked.to}; Ctrl-C ends it.")
    with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
        sender = _Sender(client, key, asked.to)
        sender.send(test_of(account))
        taken, previous = 0, number
        for event in _events(ctx, number, epoch):
            if asked.kinds and event["kind"] not in asked.kinds:
                continue
            sender.until_taken(message_of(account, epoch, event, previous), event)
            taken, previous = taken + 1, event["number"]
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


def _events(ctx: typer.Context, number: int, epoch: str) -> Iterator[Mapping[str, Any]]:
    """Each event behind this number, as they come."""
    while True:
        query = {"after": number, "epoch": epoch, "wait": _WAIT, "per_page": _PAGE}
        found = ask(ctx, "GET", "/events", query=query, seconds=2.0 * _WAIT)
        for shown in found["result"]:
            number = shown["number"]
            yield shown


@dataclass(frozen=True, slots=True)
class _Sender:
    """Sends to the program."""

    client: httpx.Client
    key: Key
    to: str

    def until_taken(self, message: Message, event: Mapping[str, Any]) -> None:
        attempts = 0
        while True:
            said, taken = self.send(message)
            self._tell(event, said, taken=taken)
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

    def _tell(self, event: Mapping[str, Any], said: str, *, taken: bool) -> None:
        told = {"number": event["number"], "kind": event["kind"], "answer": said, "taken": taken}
        if not show_json(told):
            echo(f"{event['number']} {event['kind']}: {said}")
