"""The records of what is refused about webhooks."""

from byoip.api.problems.record import conflict, invalid, not_found
from byoip.domain.hooks import refusals
from byoip.domain.hooks.destination import WebhookUrlRefused

REFUSALS = (
    not_found(1970, refusals.WebhookNotFound(), "List the account's webhooks."),
    conflict(1971, refusals.WebhooksNotOffered(), "Follow `GET .../events`, or ask the operator."),
    conflict(1972, refusals.TooManyWebhooks(), "Remove a webhook that is not needed."),
    invalid(
        1973,
        WebhookUrlRefused("port 8080 is not one of 443"),
        "Give an https URL whose host is a domain name with public addresses.",
    ),
    invalid(
        1974, refusals.UnknownEventKind("prefix.lost"), "Name kinds of `docs/events.md`, or none."
    ),
    invalid(
        1975,
        refusals.EventBeyondFeed(18, 17, "/after"),
        "Read `GET .../events`: its last number is the newest.",
    ),
    conflict(1976, refusals.WebhookNotActive("disabled"), "`PATCH` it with `enabled`: true."),
    conflict(1977, refusals.WebhookStoppedByOperator(), "Ask the operator."),
    conflict(1978, refusals.TooManyRedeliveries(), "Wait, or `POST .../replay`."),
)
