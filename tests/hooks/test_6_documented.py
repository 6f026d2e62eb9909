"""Webhooks 6: the OpenAPI document says what is sent, and the operator's view does not."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from byoip.api.document.views import View, view
from byoip.domain.hooks.message import (
    About,
    Feed,
    FeedEvent,
    Message,
    event_message,
    message_of_test,
    restart_message,
)
from tests.hooks.receivers import Got
from tests.net import today

ONE, NOW = UUID(int=1), datetime(2026, 11, 29, tzinfo=UTC)
FEED = Feed(ONE, UUID(int=2))
EVENT = FeedEvent(17, ONE, 3, "rpki.drifted", "worker", "job-1", NOW, {}, {})


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return today.app().openapi()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("event", event_message(FEED, EVENT, 16, About.EVENT)),
        ("endpoint.test", message_of_test(FEED, ONE, 1, NOW)),
        ("feed.restarted", restart_message(FEED, 12, ONE, NOW)),
    ],
)
def test_each_message_has_the_members_that_are_documented(
    document: dict[str, Any], name: str, message: Message
) -> None:
    shown = Got("/", {}, message.body).shown
    body = document["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]
    data = body["schema"]["properties"]["data"]
    assert set(shown) == set(body["schema"]["required"])
    assert set(shown["data"]) == set(data["properties"]) == set(data["required"])
    if "example" in body:
        assert set(body["example"]["data"]) == set(shown["data"])


def test_operators_are_sent_none(document: dict[str, Any]) -> None:
    assert set(view(document, View.CUSTOMER)["webhooks"]) == set(document["webhooks"])
    assert "webhooks" not in view(document, View.OPERATOR)
    assert "webhooks" in document, "the view is a copy"
