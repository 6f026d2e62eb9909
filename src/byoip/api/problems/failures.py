"""The answer to a refused request: the envelope of a failure, and its headers."""

from collections.abc import Sequence
from typing import Any

import msgspec

from byoip.api.border.refusals import MethodNotAllowed, RateLimited
from byoip.api.problems.problems import problem_of
from byoip.domain.accounts.credential import NotAuthenticated
from byoip.domain.errors import Refusal


def documentation_url(public_url: str, name: str) -> str:
    """Where the service's own page explains an error."""
    return f"{public_url}/errors#{name}"


def error_member(refusal: Refusal, public_url: str) -> dict[str, Any]:
    """One entry of `errors`."""
    return {
        "code": problem_of(refusal).code,
        "name": refusal.name,
        "message": refusal.message,
        "source": {"pointer": refusal.pointer} if refusal.pointer is not None else None,
        "documentation_url": documentation_url(public_url, refusal.name),
    }


def failure_value(refusals: Sequence[Refusal], public_url: str) -> dict[str, Any]:
    """The envelope of a failure."""
    return {
        "success": False,
        "errors": [error_member(refusal, public_url) for refusal in refusals],
        "messages": [],
        "result": None,
    }


def failure_body(refusals: Sequence[Refusal], public_url: str) -> bytes:
    """The same, as bytes."""
    return msgspec.json.encode(failure_value(refusals, public_url))


def failure_headers(refusal: Refusal) -> dict[str, str]:
    """The headers that clients and their libraries act on without reading the body."""
    headers = {}
    if refusal.retry_after is not None:
        headers["retry-after"] = str(refusal.retry_after)
    if problem_of(refusal).definitive:
        headers["x-should-retry"] = "false"
    if isinstance(refusal, NotAuthenticated):
        headers["www-authenticate"] = "Bearer"  # RFC 9110, section 11.6.1
    if isinstance(refusal, MethodNotAllowed):
        headers["allow"] = refusal.allowed
    if isinstance(refusal, RateLimited) and refusal.policy:
        # Beside those of the limits for all requests: a list may come in parts (RFC 9110, 5.3).
        limit = refusal.policy
        headers["ratelimit-policy"] = f'"{limit.what}";q={limit.permits};w={limit.seconds}'
        headers["ratelimit"] = f'"{limit.what}";r=0;t={refusal.retry_after}'
    return headers
