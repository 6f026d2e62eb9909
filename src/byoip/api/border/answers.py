"""From a result to bytes. Answers are bytes early, so that a repeated key gets the same ones."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.responses import Response

from byoip.api.border.envelope import Message
from byoip.api.border.paging import Page
from byoip.domain.idempotency import StoredAnswer

Answer: TypeAlias = StoredAnswer

_BEFORE, _BETWEEN = b'{"success":true,"errors":[],"messages":', b',"result":'
_HEAD = b'{"success":true,"errors":[],"messages":[],"result":'


class JsonBytes(Response):
    """JSON that is rendered already."""

    media_type = "application/json"


def answer(
    result: BaseModel | None,
    *,
    status: int = 200,
    version: int | None = None,
    messages: Sequence[Message] = (),
) -> Answer:
    """One result in its envelope, with remarks; `version` is its ETag's."""
    shown = b"null" if result is None else result.__pydantic_serializer__.to_json(result)
    head = _BEFORE + to_json(messages) + _BETWEEN if messages else _HEAD
    return Answer(status, head + shown + b"}", version)


def list_answer(shown: list[Any], cut: Page[Any], *, total: int | None = None) -> Answer:
    """A page in its envelope; `total` on lists that are counted."""
    info = {"count": len(shown), "per_page": cut.size, "cursor": cut.next}
    if total is not None:
        info["total_count"] = total
    body = b"".join((_HEAD, to_json(shown), b',"result_info":', msgspec.json.encode(info), b"}"))
    return Answer(200, body)
