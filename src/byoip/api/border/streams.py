"""Answers that go on: a line of JSON for each change (NDJSON)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import StreamingResponse

from byoip.domain.idempotency import StoredAnswer

NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamAnswer(StoredAnswer):
    """Lines, sent as they come; `body` stays empty."""

    lines: AsyncIterator[bytes]


def stream_response(given: StreamAnswer) -> StreamingResponse:
    """The lines, with headers that keep proxies from collecting them first."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(given.lines, given.status, headers, NDJSON)


def stream_document() -> dict[str, Any]:
    """An answer of lines. No schema can say that; generated clients get the bytes as they come."""
    return {
        "description": "One JSON object a line; empty lines are signs of life.",
        "content": {NDJSON: {"schema": {"type": "string", "format": "binary"}}},
    }
