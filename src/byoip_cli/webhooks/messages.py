"""What a webhook would be sent, and its signature (Standard Webhooks 1.0.0).

Bodies and ids are those of the service, byte by byte: `tests/cli/test_listen.py` compares them.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from byoip_cli.feed import RESTARTED, Restarted

LARGEST_BODY: Final = 20_000
_OF_EVENTS: Final = ("number", "prefix_id", "prefix_number", "kind", "actor", "request_id", "at")


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its id stays the same for each attempt."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """Signs by a secret that is made of a token and an account, and opens nothing."""

    secret: bytes

    @classmethod
    def made_of(cls, token: str, account: str) -> "Key":
        """The key of this account, always the same for the same token."""
        base = sha256(b"byoip webhooks listen\0" + token.encode()).digest()
        info = b"\0".join((b"byoip webhook", b"v1", account.encode(), b"1")) + b"\x01"
        return cls(hmac.digest(base, info, "sha256"))

    def __str__(self) -> str:
        """As receivers are given it."""
        return f"whsec_{_base64(self.secret)}"

    def headers(self, message: Message, at: datetime) -> dict[str, str]:
        """The three headers of an attempt."""
        second = str(int(at.timestamp()))
        signed = f"{message.id}.{second}.".encode() + message.body
        return {
            "webhook-id": message.id,
            "webhook-timestamp": second,
            "webhook-signature": f"v1,{_base64(hmac.digest(self.secret, signed, 'sha256'))}",
        }


def message_of(account: str, epoch: str, event: Mapping[str, Any], previous: int) -> Message:
    """One event of the account's feed, behind the one with the number `previous`.

    What changed (`before`, `after`) is left out where it is too large: the feed has it.
    """
    of = {name: event[name] for name in _OF_EVENTS}
    number = of.pop("number")
    shown = {"account_id": account, "epoch": epoch, "number": number, "previous": previous, **of}
    whole = {"before": event["before"], "after": event["after"], "shortened": False}
    body = _body(event["kind"], event["at"], shown | whole)
    if len(body) >= LARGEST_BODY:
        short = {"before": {}, "after": {}, "shortened": True}
        body = _body(event["kind"], event["at"], shown | short)
    return Message(f"evt_{epoch}_{account}_{number}", body)


def restart_of(account: str, told: Restarted) -> Message:
    """The feed has another epoch: what came beyond `after` did not happen, and is told anew."""
    shown = {
        "account_id": account,
        "epoch": told.epoch,
        "epoch_before": told.before,
        "after": told.after,
    }
    return Message(f"rst_{told.epoch}_{account}_{told.after}", _body(RESTARTED, _now(), shown))


def test_of(account: str) -> Message:
    """The test that is sent before all events."""
    shown = {"account_id": account, "webhook_id": account}
    return Message(f"test_{account}_1", _body("endpoint.test", _now(), shown))


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _body(kind: str, at: str, data: Mapping[str, Any]) -> bytes:
    shown = {"type": kind, "timestamp": at, "data": data}
    return json.dumps(shown, separators=(",", ":")).encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
