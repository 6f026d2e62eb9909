"""Trust, 4.1: whoever asks for what is large, and does not read it, holds little of this process.

Fifteen hundred connections of one stranger that asked for the picture of a letter held 500 MB.
"""

import asyncio
import socket
from dataclasses import replace

from prometheus_client import CollectorRegistry
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from byoip.api.application import create_application
from byoip.api.border.access_log import AccessLog
from byoip.api.border.large_answers import PART
from byoip.cli.connection_limits import LimitedProtocol
from byoip.cli.serving import bind, port_of, serving
from tests.announcing import until
from tests.api.letters import issued
from tests.api.world import World

SIZE = 2_000_000  # bytes; the kernel takes a little of it
STRANGERS = 20


async def test_a_picture_that_is_not_read_waits_in_parts(world: World) -> None:
    letter = await issued(world)
    pictures = world.backend.letter_pictures
    pictures._kept[letter.sha256] = b"\x89PNG" + bytes(SIZE)  # type: ignore[attr-defined]
    listening, crowd = bind("127.0.0.1", 0), LimitedProtocol.crowd
    asked = f"GET /loa/{letter.reference}/picture HTTP/1.1\r\nHost: byoip.test\r\n\r\n".encode()
    app = create_application(replace(world.backend, metrics=CollectorRegistry()))
    async with serving(app, listening):
        ones = [
            socket.create_connection(("127.0.0.1", port_of(listening))) for _ in range(STRANGERS)
        ]
        for one in ones:
            one.sendall(asked)
        protocols: list[LimitedProtocol] = []

        def held() -> list[int]:
            protocols[:] = [one for of in crowd.of.values() for line in of for one in line]
            sizes = [one.transport.get_write_buffer_size() for one in protocols]
            return [size for size in sizes if size]

        await until(lambda: len(held()) == len(ones))
        await asyncio.sleep(0.1)  # whatever else would come has come
        assert max(held()) <= 2 * PART
        slow = ones.pop()
        slow.settimeout(0)  # as the event loop reads
        for one in ones:
            one.close()
        got, loop = b"", asyncio.get_running_loop()
        while len(got) < SIZE:  # nothing is lost of it
            got += await loop.sock_recv(slow, SIZE)
        slow.close()
    assert got.partition(b"\r\n\r\n")[2] == b"\x89PNG" + bytes(SIZE)


async def test_whatever_is_answered_goes_in_parts() -> None:
    body, parts = bytes(range(250)) * 4000, list[Message]()

    async def send(message: Message) -> None:
        parts.append(message)

    async def receive() -> Message:
        raise AssertionError("a finished answer asks its client nothing")

    for size in (0, 1, PART, PART + 1, len(body)):

        async def page(scope: Scope, receive: Receive, send: Send, size: int = size) -> None:
            await Response(body[:size])(scope, receive, send)

        parts.clear()
        await AccessLog(page, CollectorRegistry())(_scope(), receive, send)
        begun, *bodies = parts
        assert dict(begun["headers"])[b"content-length"] == str(size).encode()
        assert b"".join(one["body"] for one in bodies) == body[:size]
        assert max(len(one["body"]) for one in bodies) <= PART
        assert [one.get("more_body", False) for one in bodies] == [True] * (len(bodies) - 1) + [
            False
        ]


def _scope() -> Scope:
    return {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 1),
    }
