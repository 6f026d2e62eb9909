"""From a result to bytes, and its ETag, which a later write names in If-Match (RFC 9110, 13.1.1).

Answers are rendered early, so that a repeated idempotency key gets the same bytes.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Scope, Send

from byoip.api.border.envelope import Message, Shown, shown_json, shown_list
from byoip.api.border.large_answers import COMPRESSED_FROM, compressed, takes_gzip
from byoip.api.border.paging import Page
from byoip.api.border.refusals import KEY_LIMIT, MalformedIdempotencyKey
from byoip.domain.idempotency import StoredAnswer
from byoip.domain.precondition import ANY_VERSION, Precondition
from byoip.store.sharing import one_slice

Answer: TypeAlias = StoredAnswer
Item = TypeVar("Item")

_IDEMPOTENCY_KEY = re.compile(rb"[\x21-\x7e]{1,%d}" % KEY_LIMIT)
_READ_AGAIN = b"2"  # seconds: most runs have ended by then; with `wait` there is no need to guess
_SLICE = 25  # items: 10 ms, if they are prefixes

_BEFORE, _BETWEEN = b'{"success":true,"errors":[],"messages":', b',"result":'
_HEAD = b'{"success":true,"errors":[],"messages":[],"result":'

# A tag names a row's version, whatever a proxy made of its coding: weakened by one, it still
# counts, unlike in RFC 9110, section 13.1.1. Tags of another form than ours match nothing.
_TAG = re.compile(rb'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LONGEST_IF_MATCH = 1000
NO_VERSION = 0
_OURS = re.compile(rb"[1-9][0-9]{0,9}")


class JsonBytes(Response):
    """A response whose JSON is rendered already."""

    media_type = "application/json"


async def send_json(given: Answer, scope: Scope, send: Send, *, open_: bool) -> None:
    """Send it, with the version of what is shown, and where and when to read on what was begun.

    `open_`: it shows no secret, which the length of what is compressed could give away. Then it
    is compressed where that is worth it and the client takes it. Its tag is the row's either
    way: no cache asks by it, and writes are based on it.
    """
    body, headers = given.body, []
    if given.version is not None:
        headers.append((b"etag", etag(given.version).encode()))
    if open_ and len(body) > COMPRESSED_FROM:
        headers.append((b"vary", b"accept-encoding"))
        if takes_gzip(scope["headers"]):
            headers.append((b"content-encoding", b"gzip"))
            body = await compressed(body)
    if given.location is not None:
        headers += [(b"location", given.location.encode()), (b"retry-after", _READ_AGAIN)]
    headers += [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": given.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def answer(
    result: Shown | None,
    *,
    status: int = 200,
    version: int | None = None,
    messages: Sequence[Message] = (),
    location: str | None = None,
) -> Answer:
    """One result in its envelope, with remarks; `version` becomes its ETag, `location` a header."""
    shown = b"null" if result is None else shown_json(result)
    head = _BEFORE + to_json(messages) + _BETWEEN if messages else _HEAD
    return Answer(status, head + shown + b"}", version, location)


async def array(items: Sequence[Item], show: Callable[[Item], Shown]) -> bytes:
    """Items as JSON, each as `show` makes it; in slices, so that others are served in between."""
    parts = []
    for first in range(0, len(items), _SLICE):
        async with one_slice():
            part = [show(item) for item in items[first : first + _SLICE]]
            parts.append(shown_list(part)[1:-1])
    return b"[" + b",".join(parts) + b"]"


async def list_answer(
    page: Page[Item],
    show: Callable[[Item], Shown],
    *,
    total: int | None = None,
    epoch: UUID | Literal[""] | None = "",
) -> Answer:
    """A page in its envelope, each item as `show` makes it.

    Args:
        page: what is shown.
        show: makes one item.
        total: on lists that are counted.
        epoch: on lists that are followed: of histories of prefixes, else None.
    """
    shown = await array(page.items, show)
    count = len(page.items)
    info: dict[str, object] = {"count": count, "per_page": page.size, "cursor": page.next}
    if total is not None:
        info["total_count"] = total
    if epoch != "":
        info["epoch"] = None if epoch is None else epoch.hex
    body = b"".join((_HEAD, shown, b',"result_info":', msgspec.json.encode(info), b"}"))
    return Answer(200, body)


async def numbered_answer(
    items: Sequence[Item], show: Callable[[Item], Shown], *, number: int, size: int, total: int
) -> Answer:
    """A page of a list whose pages have numbers, in its envelope."""
    info = {"count": len(items), "page": number, "per_page": size, "total_count": total}
    shown = await array(items, show)
    return Answer(
        200, b"".join((_HEAD, shown, b',"result_info":', msgspec.json.encode(info), b"}"))
    )


def etag(version: int) -> str:
    """The strong tag of a version. What hangs on a claim has the tag of the claim."""
    return f'"{version}"'


def expected(headers: Iterable[tuple[bytes, bytes]]) -> Precondition | None:
    """The versions that If-Match accepts, none for what is no tag; None if it was not sent."""
    fields = [value for name, value in headers if name == b"if-match"]
    if not fields:
        return None
    if [field.strip() for field in fields] == [b"*"]:
        return ANY_VERSION
    tags = _TAG.findall(b",".join(fields)[:_LONGEST_IF_MATCH])  # the rest matches nothing
    return Precondition(frozenset(int(text) for _, text in tags if _OURS.fullmatch(text)))


def idempotency_key(headers: list[tuple[bytes, bytes]]) -> str | None:
    """The key that a repeated write is known by.

    Raises:
        MalformedIdempotencyKey: it is given twice, or not in the right form.
    """
    keys = [value for name, value in headers if name == b"idempotency-key"]
    if not keys:
        return None
    if len(keys) > 1 or not _IDEMPOTENCY_KEY.fullmatch(keys[0]):
        raise MalformedIdempotencyKey
    return keys[0].decode("ascii")
