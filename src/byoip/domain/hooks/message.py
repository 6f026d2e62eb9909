"""What is sent: its id, which stays the same for each attempt, and its body, below 20 kB.

Standard Webhooks 1.0.0, "Webhook payload": `type`, `timestamp` of the event, `data`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

LARGEST_BODY: Final = 20_000
TEST: Final = "endpoint.test"
RESTARTED: Final = "feed.restarted"


class About(StrEnum):
    """Why it is sent."""

    EVENT = "event"  # the next of the feed
    AGAIN = "redelivery"
    TEST = "test"
    RESTART = "restart"  # the feed has another epoch


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        id: without a dot, as the signature needs it.
        number: of the event; of a restart the one to go on after; 0: of a test.
        epoch: of the feed, in which the number counts.
    """

    id: str
    about: About
    number: int
    epoch: UUID
    body: bytes


@dataclass(frozen=True, slots=True)
class Feed:
    """Whose feed it is, and in which epoch."""

    account_id: UUID
    epoch: UUID


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event of an account's feed, as `GET …/events` shows it."""

    number: int
    prefix_id: UUID
    prefix_number: int
    kind: str
    actor: str
    request_id: str
    at: datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def event_message(feed: Feed, event: FeedEvent, previous: int | None, about: About) -> Message:
    """One event; `previous` is the number of the one that this receiver took before it, in order.

    What changed (`before`, `after`) is left out where it is too large: the feed has it.
    """
    shown = {
        "account_id": feed.account_id.hex,
        "epoch": feed.epoch.hex,
        "number": event.number,
        "previous": previous,
        "prefix_id": event.prefix_id.hex,
        "prefix_number": event.prefix_number,
        "kind": event.kind,
        "actor": event.actor,
        "request_id": event.request_id,
        "at": _time(event.at),
        "before": event.before,
        "after": event.after,
        "shortened": False,
    }
    body = _body(event.kind, event.at, shown)
    if len(body) >= LARGEST_BODY:
        shown |= {"before": {}, "after": {}, "shortened": True}
        body = _body(event.kind, event.at, shown)
    return Message(
        f"evt_{feed.epoch.hex}_{feed.account_id.hex}_{event.number}",
        about,
        event.number,
        feed.epoch,
        body,
    )


def restart_message(feed: Feed, after: int, before: UUID, now: datetime) -> Message:
    """The feed has another epoch: what came beyond `after` did not happen, and is told anew."""
    shown = {
        "account_id": feed.account_id.hex,
        "epoch": feed.epoch.hex,
        "epoch_before": before.hex,
        "after": after,
    }
    body = _body(RESTARTED, now, shown)
    return Message(
        f"rst_{feed.epoch.hex}_{feed.account_id.hex}_{after}",
        About.RESTART,
        after,
        feed.epoch,
        body,
    )


def message_of_test(feed: Feed, webhook_id: UUID, attempt: int, now: datetime) -> Message:
    """A test; `attempt` counts what was sent to the receiver."""
    shown = {"account_id": feed.account_id.hex, "webhook_id": webhook_id.hex}
    body = _body(TEST, now, shown)
    return Message(f"test_{webhook_id.hex}_{attempt}", About.TEST, 0, feed.epoch, body)


def _body(kind: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    shown = {"type": kind, "timestamp": _time(at), "data": data}
    return json.dumps(shown, separators=(",", ":")).encode()


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
