"""Webhooks on the wire."""

from typing import Any

from pydantic import Field

from byoip.api.border.envelope import Id, SecretText, Strict, Text, TextIn, Time, Wire, example
from byoip.domain.hooks.destination import LONGEST_URL
from byoip.domain.hooks.message import About
from byoip.domain.hooks.webhook import DisabledBy, WebhookState
from byoip.domain.hooks.webhook import Webhook as Kept
from byoip.store.hooks import views
from byoip.usecases.hooks.webhooks import Issued

_URL = "https://hooks.example.net/byoip"
_EXAMPLE: dict[str, Any] = {
    "id": "3c9a1f0e5d2b4e83a6d0c1b2f3e40516",
    "account_id": "258def64c72dae45f3e4c8516e2111f2",
    "url": _URL,
    "description": "our ticket system",
    "kinds": ["rpki.drifted", "rpki.recovered"],
    "state": "active",
    "disabled_because": None,
    "public_key": "whpk_6mQ0pQ5cJ0l9m9yF0tq4m3y2dG1wXk0bWc7sZr5u8hA=",
    "former_secret_until": None,
    "created_by": "credential:89abcdef0123456789abcdef01234567",
    "cursor": 17,
    "epoch": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "failures": 0,
    "failing_since": None,
    "next_attempt_at": "2026-11-02T09:31:07Z",
    "waiting_redeliveries": [],
    "test_waiting": False,
    "created_at": "2026-11-02T09:30:00Z",
    "modified_at": "2026-11-02T09:30:00Z",
}
_KINDS = "Kinds of events that it gets; empty: all, also those that later versions add."
_CHANGED = {"kinds": ["rpki.drifted"], "enabled": True}


class NewWebhook(Strict):
    """A receiver of the account's events."""

    model_config = example(url=_URL, kinds=["rpki.drifted", "rpki.recovered"])

    url: str = Field(
        description="https, with a domain name; a test is sent there at once.",
        json_schema_extra={"maxLength": LONGEST_URL},
    )
    description: TextIn = ""
    kinds: list[str] = Field(default=[], max_length=200, description=_KINDS)
    after: int | None = Field(
        default=None,
        ge=0,
        le=2**63 - 1,
        description="Begin behind this event of the account's; null: with what comes from now on.",
    )


class WebhookChange(Strict):
    """What to change; what is left out stays."""

    model_config = example(**_CHANGED)

    url: str | None = Field(
        default=None,
        description="Another one has to take a test first.",
        json_schema_extra={"maxLength": LONGEST_URL},
    )
    description: TextIn | None = None
    kinds: list[str] | None = Field(default=None, max_length=200, description=_KINDS)
    enabled: bool | None = Field(
        default=None,
        description="false: send nothing, and stay at this place in the feed. true: test it, and "
        "go on from there.",
    )


class WebhookReplay(Strict):
    """Where to go on."""

    model_config = example(after=12)

    after: int = Field(ge=0, le=2**63 - 1, description="Events behind this one are sent next.")


class WebhookRedelivery(Strict):
    """Which event to send again."""

    model_config = example(number=17)

    number: int = Field(ge=1, le=2**63 - 1, description="Its number in the account's feed.")


class Webhook(Wire):
    """A receiver of the account's events, and how far it has come."""

    model_config = example(**_EXAMPLE)

    id: Id
    account_id: Id
    url: str
    description: Text
    kinds: list[str] = Field(description=_KINDS)
    state: WebhookState = Field(
        description="pending: until it has answered a test with 2xx. disabled: it gets nothing, "
        "and `cursor` stays."
    )
    disabled_because: DisabledBy | None = Field(
        description="gone: it answered 410. failing: it took none of ten attempts in 76 hours."
    )
    public_key: str = Field(description="Verifies the signatures `v1a` (Ed25519).")
    former_secret_until: Time | None = Field(
        description="Until then the secret before signs as well."
    )
    created_by: str = Field(description="The actor: it stays when that token is revoked.")
    cursor: int = Field(
        description="The last event that it has taken, or did not want; what follows is sent next."
    )
    epoch: Id = Field(description="Of the feed, in which `cursor` counts: see `GET .../events`.")
    failures: int = Field(description="Attempts in a row that it did not take.")
    failing_since: Time | None
    next_attempt_at: Time = Field(description="Before that nothing of the feed is sent.")
    waiting_redeliveries: list[int]
    test_waiting: bool
    created_at: Time
    modified_at: Time


class IssuedWebhook(Webhook):
    """A webhook with a secret that was just made."""

    model_config = example(**_EXAMPLE | {"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"})

    secret: SecretText | None = Field(
        description="Verifies the signatures `v1` (HMAC-SHA256). Shown this once; null when the "
        "request is repeated with its Idempotency-Key."
    )


class WebhookDelivery(Wire):
    """One attempt to send; the last hundred are kept, for 30 days."""

    model_config = example(
        number=4,
        about="event",
        event_number=17,
        message_id="evt_0f1e2d3c4b5a69788796a5b4c3d2e1f0_258def64c72dae45f3e4c8516e2111f2_17",
        at="2026-11-02T09:31:07Z",
        taken=True,
        status=204,
        seconds=0.081,
        said="",
    )

    number: int = Field(description="Counts the attempts of this webhook.")
    about: About
    event_number: int | None
    message_id: str = Field(description="The header `webhook-id`: the same in each attempt.")
    at: Time
    taken: bool
    status: int | None = Field(description="Of the answer; null: there was none.")
    seconds: float
    said: str = Field(
        description="The first 200 bytes of the answer, in the receiver's words; or why there was "
        "none."
    )


def webhook_of(kept: Kept) -> Webhook:
    """A webhook as the wire shows it."""
    return Webhook.showing(kept, **_given(kept))


def issued_of(made: Issued) -> IssuedWebhook:
    """The same with its new secret."""
    return IssuedWebhook.showing(made.webhook, **_given(made.webhook), secret=made.secret)


def issued_without_secret(made: Issued) -> IssuedWebhook:
    """The same for a repeated request."""
    return IssuedWebhook.showing(made.webhook, **_given(made.webhook), secret=None)


def delivery_of(kept: views.Delivery) -> WebhookDelivery:
    """An attempt as the wire shows it."""
    return WebhookDelivery.showing(kept, taken=kept.taken, event_number=kept.event_number or None)


def _given(kept: Kept) -> dict[str, object]:
    return {
        "kinds": list(kept.kinds),
        "disabled_because": kept.because,
        "former_secret_until": kept.former_until,
        "next_attempt_at": kept.next_at,
        "waiting_redeliveries": list(kept.again),
        "test_waiting": kept.test_asked,
    }
