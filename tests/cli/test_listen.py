"""What `byoip webhooks listen` sends is what the service would, though it has nothing of it."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from byoip.adapters.hooks.signing import HookSigner
from byoip.domain.hooks.message import (
    About,
    Feed,
    FeedEvent,
    event_message,
    message_of_test,
    restart_message,
)
from byoip_cli.feed import Restarted
from byoip_cli.webhooks import messages

ACCOUNT, EPOCH = uuid4(), uuid4()
AT = datetime(2026, 11, 30, 4, 5, 6, 789, tzinfo=UTC)


def event_of(shown: dict[str, Any]) -> FeedEvent:
    """As the service reads it of its feed."""
    told = shown | {
        "prefix_id": UUID(shown["prefix_id"]),
        "at": datetime.fromisoformat(shown["at"]),
    }
    return FeedEvent(**told)


def shown(**changed: str) -> dict[str, Any]:
    return {
        "number": 7,
        "prefix_id": uuid4().hex,
        "prefix_number": 3,
        "kind": "prefix.described",
        "actor": "worker",
        "request_id": "r-1",
        "at": AT.isoformat().replace("+00:00", "Z"),
        "before": {},
        "after": changed,
    }


@pytest.mark.parametrize("text", ["a word of customers, Zürich\u2028", "x" * 30_000])
def test_a_message_is_the_services_byte_by_byte(text: str) -> None:
    event = shown(description=text)
    made = messages.message_of(ACCOUNT.hex, EPOCH.hex, event, 5)
    due = event_message(Feed(ACCOUNT, EPOCH), event_of(event), 5, About.EVENT)
    assert (made.id, made.body) == (due.id, due.body)


def test_a_test_has_the_id_of_the_services() -> None:
    due = message_of_test(Feed(ACCOUNT, EPOCH), ACCOUNT, 1, AT)
    made = messages.test_of(ACCOUNT.hex)
    assert made.id == due.id
    assert json.loads(made.body)["data"] == json.loads(due.body)["data"]


def test_a_restart_is_the_services() -> None:
    before = uuid4()
    due = restart_message(Feed(ACCOUNT, EPOCH), 12, before, AT)
    made = messages.restart_of(ACCOUNT.hex, Restarted(12, EPOCH.hex, before.hex))
    assert made.id == due.id
    told, expected = json.loads(made.body), json.loads(due.body)
    assert {**told, "timestamp": ""} == {**expected, "timestamp": ""}


def test_a_receiver_keeps_the_secret_that_it_was_given_by_the_version_before() -> None:
    signer = HookSigner(sha256(b"byoip webhooks listen\0byoip_token").digest())
    key = messages.Key.made_of("byoip_token", ACCOUNT.hex)
    assert str(key) == signer.secret(ACCOUNT, 1).symmetric
    message = messages.Message("evt_1", b"{}")
    due = signer.headers(ACCOUNT, [1], message.id, AT, message.body)
    shared = due["webhook-signature"].split()[0]
    assert key.headers(message, AT) == {**due, "webhook-signature": shared}
