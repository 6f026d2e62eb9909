"""What a connection may cost before the API knows the sender: bytes, headers, time.

uvicorn hands every byte to the parser and keeps all headers, however many and long. Here they are
counted first, in slices, and each connection has a clock:

    connected ──▶ head ──────────────▶ body ─────────────▶ response ──▶ idle ──▶ head ...
                  64 kB, 100 headers,  16 kB/s after 10 s, (the         5 s
                  10 s                 5 min in all,       application's
                                       chunks within a     own time)
                                       share of it

Where the client stays below a limit nothing changes. Where it does not, it is answered once
(431, 408 or 400) and its connection is closed.
"""

import asyncio
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

HEAD_BYTES: Final = 64 * 1024
HEADERS: Final = 100
HEAD_SECONDS: Final = 10.0
BODY_GRACE_SECONDS: Final = 10.0
BODY_BYTES_A_SECOND: Final = 16 * 1024
BODY_SECONDS: Final = 300.0  # for 15 MB, the largest that any operation takes, 50 kB/s
# What chunked coding may add to a body (RFC 9112, section 7.1): sizes, extensions and trailers.
FRAMING_BYTES: Final = 16 * 1024
FRAMING_SHARE: Final = 8  # of each byte; a client that sends chunks of one byte needs six

_HEAD_SLICE: Final = 4096
_BODY_SLICE: Final = 64 * 1024
_LOOK_SECONDS: Final = 1.0


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, counting before it parses."""

    head_seconds = HEAD_SECONDS
    body_grace_seconds = BODY_GRACE_SECONDS
    body_seconds = BODY_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._head = 0  # bytes of the request line and the headers so far
        self._framed = 0  # bytes since the head, with their framing
        self._received = 0  # bytes of the body
        self._headers = 0
        self._clock: asyncio.TimerHandle | None = None
        self._reading_since = 0.0  # moved on by the time for which we did not read

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Start the clock: who connects has to say something."""
        super().connection_made(transport)
        self._start_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count a slice, then let it be parsed."""
        if self._in_head and self._clock is None:
            self._start_head()
        while data and not self.transport.is_closing():
            most = _HEAD_SLICE if self._in_head else _BODY_SLICE
            part, data = data[:most], data[most:]
            if self._in_head:
                self._head += len(part)
            else:
                self._framed += len(part)
            super().data_received(part)
            if self._in_head and self._head > HEAD_BYTES:
                self._refuse(431, f"Request line and headers are limited to {HEAD_BYTES} bytes.")
            elif self._framed - self._received > FRAMING_BYTES + FRAMING_SHARE * self._received:
                self._refuse(400, "The chunks of the body carry more framing than body.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count it; trailers are counted as well, and are not taken for headers."""
        self._headers += 1
        if self._headers > HEADERS:
            self._refuse(431, f"A request has at most {HEADERS} headers.")
            raise httptools.HttpParserCallbackError("too many headers")
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """From here on the body is awaited."""
        self._stop_clock()
        self._in_head = False
        self._framed = self._received = 0
        super().on_headers_complete()
        self._reading_since = self.loop.time()
        self._clock = self.loop.call_later(_LOOK_SECONDS, self._look)

    def on_body(self, body: bytes) -> None:
        """Count what is body."""
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the clock: the rest is the application's time."""
        self._stop_clock()
        self._in_head, self._head, self._headers = True, 0, 0
        self._framed = self._received = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say it, unless the connection was refused already."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    @property
    def _busy(self) -> bool:
        """Whether a request that was read is not answered yet."""
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn does not say so
        return cycle is not None and not cycle.response_complete

    def _start_head(self) -> None:
        self._clock = self.loop.call_later(self.head_seconds, self._too_slow)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _look(self) -> None:
        """Whether the body comes fast enough; time in which we did not read does not count."""
        now = self.loop.time()
        if self.flow.read_paused:
            self._reading_since += _LOOK_SECONDS
        allowed = self.body_grace_seconds + self._received / BODY_BYTES_A_SECOND
        if now - self._reading_since > min(allowed, self.body_seconds):
            self._too_slow()
            return
        self._clock = self.loop.call_later(_LOOK_SECONDS, self._look)

    def _too_slow(self) -> None:
        self._clock = None
        if self._in_head and self._busy:
            self._start_head()  # an earlier request is being answered: that comes first
        elif self._in_head and self._head == 0:
            self.transport.close()  # it never said anything, so there is nothing to answer
        else:
            self._refuse(408, "The request came too slowly.")

    def _refuse(self, status: int, message: str) -> None:
        """Answer once, unless an answer has begun, and close."""
        if self.transport.is_closing():
            return
        if not self._busy or (not self._in_head and not self.cycle.response_started):
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: text/plain; charset=utf-8\r\n"
                + b"content-length: %d\r\nconnection: close\r\n\r\n" % len(message)
                + message.encode("ascii")
            )
        self.transport.close()
