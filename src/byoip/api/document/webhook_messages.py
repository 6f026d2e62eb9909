"""What the service sends to webhooks, for the OpenAPI document (OpenAPI 3.1, `webhooks`)."""

from typing import Any, Final

from byoip.api.claims.event_schemas import ACCOUNT_EXAMPLE
from byoip.domain.hooks.message import RESTARTED, TEST

_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer"}
_TIME: Final = {"type": "string", "format": "date-time"}
_EVENT: Final[dict[str, Any]] = {
    "account_id": _TEXT,
    "epoch": _TEXT,
    "number": _NUMBER,
    "previous": {"type": ["integer", "null"]},
    "prefix_id": _TEXT,
    "prefix_number": _NUMBER,
    "kind": _TEXT,
    "actor": _TEXT,
    "request_id": _TEXT,
    "at": _TIME,
    "before": {"type": "object"},
    "after": {"type": "object"},
    "shortened": {"type": "boolean"},
}
_RESTART: Final = {"account_id": _TEXT, "epoch": _TEXT, "epoch_before": _TEXT, "after": _NUMBER}
_TEST: Final = {"account_id": _TEXT, "webhook_id": _TEXT}
_EXAMPLE: Final[dict[str, Any]] = {
    "account_id": "258def64c72dae45f3e4c8516e2111f2",
    "epoch": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "previous": 16,
    "shortened": False,
}
_HEADERS: Final = {
    "webhook-id": "The same in each attempt: drop what you have seen.",
    "webhook-timestamp": "Seconds since 1970, of the attempt.",
    "webhook-signature": "Of `{webhook-id}.{webhook-timestamp}.{body}`: `v1,` and `v1a,`.",
}


def webhook_messages() -> dict[str, Any]:
    """Each message that is sent, as an operation of the receiver's."""
    event = {**ACCOUNT_EXAMPLE, **_EXAMPLE}
    return {
        "event": _message("An event of the account's feed.", None, _EVENT, event),
        TEST: _message("A test: answer with 2xx.", TEST, _TEST, None),
        RESTARTED: _message(
            "The feed has another epoch: forget events beyond `after`, which are told anew.",
            RESTARTED,
            _RESTART,
            None,
        ),
    }


def _message(
    summary: str, kind: str | None, data: dict[str, Any], example: dict[str, Any] | None
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "schema": {
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "properties": {
                "type": _TEXT if kind is None else {"const": kind},
                "timestamp": _TIME,
                "data": {"type": "object", "required": sorted(data), "properties": data},
            },
        }
    }
    if example is not None:
        told = {"type": example["kind"], "timestamp": example["at"], "data": example}
        shown["example"] = told
    return {
        "post": {
            "summary": summary.removesuffix("."),
            "tags": ["webhooks"],
            "parameters": [
                {
                    "name": name,
                    "in": "header",
                    "required": True,
                    "description": words,
                    "schema": _TEXT,
                }
                for name, words in _HEADERS.items()
            ],
            "requestBody": {"required": True, "content": {"application/json": shown}},
            "responses": {
                "2XX": {"description": "Taken."},
                "410": {"description": "Nothing more is sent: the webhook is disabled."},
                "default": {"description": "Not taken: it is sent again, see notifications.md."},
            },
        }
    }
