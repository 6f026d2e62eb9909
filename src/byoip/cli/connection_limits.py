"""What a connection may cost before the API knows the sender: bytes, headers, time.

uvicorn hands every byte to the parser and keeps all headers, however many and long. Here they are
counted first, in slices, and each connection has a clock:

    connected ──▶ head ──────────────▶ body ─────────────▶ response ──▶ idle ──▶ head ...
                  64 kB, 100 headers,  16 kB/s after 10 s, read at     5 s
                  10 s, 16 requests    5 min in all,       16 kB/s
                                       chunks within a     after 10 s
                                       share of it

Where the client stays below a limit nothing changes. Where it does not, it is answered once
(431, 408 or 400) and its connection is closed. A client that does not read what it asked for is
cut off. Where there are as many connections as a process may have, a new one takes the place of
one of the client that has the most: of its idle ones that which has waited the longest.
"""

import asyncio
import resource
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Final

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from byoip.api.border.account_turns import client_at
from byoip.api.joined_writes import Joined

HEAD_BYTES: Final = 64 * 1024
HEADERS: Final = 100
# That wait for an earlier answer (RFC 9112, 9.3.2). uvicorn keeps all: 250 kB hold 14,000.
PIPELINED: Final = 16
HEAD_SECONDS: Final = 10.0
BODY_GRACE_SECONDS: Final = 10.0
BODY_BYTES_A_SECOND: Final = 16 * 1024
BODY_SECONDS: Final = 300.0  # for 15 MB, the largest that any operation takes, 50 kB/s
# What chunked coding may add to a body (RFC 9112, section 7.1): sizes, extensions and trailers.
FRAMING_BYTES: Final = 16 * 1024
FRAMING_SHARE: Final = 8  # of each byte; a client that sends chunks of one byte needs six
ANSWER_GRACE_SECONDS: Final = 10.0
ANSWER_BYTES_A_SECOND: Final = 16 * 1024
# Half of the files that the process may open: others are for the database, name servers, uploads.
CONNECTIONS: Final = min(2000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)

_HEAD_SLICE: Final = 4096
_BODY_SLICE: Final = 64 * 1024
_LOOK_SECONDS: Final = 1.0
_LOOKED_AT: Final = 20  # clients with equally many connections


@dataclass(slots=True)
class Crowd:
    """The connections of this process by client: which goes costs the same however many there are.

    Attributes:
        of: each client's: the idle ones, and those that wait for an answer; both in order.
        by_count: the clients that have so many.
        count: of all.
    """

    of: dict[str, Sequence[dict["LimitedProtocol", None]]] = field(default_factory=dict)
    by_count: defaultdict[int, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    count: int = 0

    def put(self, one: "LimitedProtocol", *, busy: bool) -> None:
        """Put a connection behind the client's others that are busy, or idle."""
        mine = self.of.setdefault(one.whose, ({}, {}))
        new = mine[0].pop(one, mine) is mine and mine[1].pop(one, mine) is mine
        mine[busy][one] = None
        if new:
            self._counted(one.whose, 1)

    def remove(self, one: "LimitedProtocol") -> None:
        """Forget one, if it is known."""
        for ones in self.of.get(one.whose, ()):
            if one in ones:
                del ones[one]
                self._counted(one.whose, -1)

    def dispensable(self) -> "LimitedProtocol":
        """One of the client with the most: idle, and the longest."""
        first = list(islice(self.by_count[max(self.by_count)], _LOOKED_AT))
        idle, busy = self.of[next((who for who in first if self.of[who][0]), first[0])]
        return next(iter(idle or busy))

    def _counted(self, whose: str, more: int) -> None:
        now = sum(map(len, self.of[whose]))
        self.count += more
        before = self.by_count[now - more]
        before.pop(whose, None)
        if not before:
            del self.by_count[now - more]
        if now:
            self.by_count[now][whose] = None
        else:
            del self.of[whose]


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, counting before it parses."""

    crowd: ClassVar[Crowd] = Crowd()

    head_seconds = HEAD_SECONDS
    body_grace_seconds = BODY_GRACE_SECONDS
    body_seconds = BODY_SECONDS
    answer_grace_seconds = ANSWER_GRACE_SECONDS
    most_connections = CONNECTIONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._head = 0  # bytes of the request line and the headers so far
        self._framed = 0  # bytes since the head, with their framing
        self._received = 0  # bytes of the body
        self._headers = 0
        self._clock: asyncio.TimerHandle | None = None
        self._reading_since = 0.0  # moved on by the time for which we did not read
        self.whose = ""
        # uvicorn knows the last one alone; to answer another on a closed connection is a fault.
        self._unanswered = deque[RequestResponseCycle]()
        self._unread = 0  # bytes of answers, when they became too many
        self._unread_since = 0.0
        self._unread_clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Start the clock: who connects has to say something."""
        super().connection_made(transport)
        self.transport = Joined(transport, self.loop)  # type: ignore[assignment] # as one is used
        self.whose = client_at(self.client[0] if self.client else "")
        self._make_room()
        self._start_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks, and tell each request that its client is gone."""
        self._stop_clock()
        for one in self._unanswered:
            one.disconnected = True
            one.message_event.set()
        self.crowd.remove(self)
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Answers wait for a client that does not read: watch how it goes on."""
        super().pause_writing()
        self._unread, self._unread_since = self.transport.get_write_buffer_size(), self.loop.time()
        self._look_at_unread()

    def resume_writing(self) -> None:
        """It has read most of them."""
        if self._unread_clock is not None:
            self._unread_clock.cancel()
            self._unread_clock = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close; answers that are not read do not hold the connection."""
        super().timeout_keep_alive_handler()
        self._end_soon()

    def on_response_complete(self) -> None:
        """From here on the next request is awaited, or the last bytes are read."""
        self._unanswered.popleft()
        super().on_response_complete()
        if self.transport.is_closing():
            self._end_soon()
        elif not self._busy:
            self.crowd.put(self, busy=False)

    def data_received(self, data: bytes) -> None:
        """Count a slice, then let it be parsed."""
        if self._in_head and self._clock is None:
            self._start_head()
        while data and not self.transport.is_closing():
            most = min(_HEAD_SLICE, HEAD_BYTES - self._head) if self._in_head else _BODY_SLICE
            part, data = data[:most], data[most:]
            if self._in_head:
                self._head += len(part)
            else:
                self._framed += len(part)
            super().data_received(part)
            if self._in_head and self._head >= HEAD_BYTES:
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
        if len(self.pipeline) >= PIPELINED:
            self._refuse(400, f"At most {PIPELINED} requests may wait for an earlier answer.")
            raise httptools.HttpParserCallbackError("too many requests at a time")
        self._stop_clock()
        self._in_head = False
        self._framed = self._received = 0
        super().on_headers_complete()
        self._unanswered.append(self.cycle)
        self.crowd.put(self, busy=self._busy)
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
        return bool(self._unanswered)

    def _make_room(self) -> None:
        self.crowd.put(self, busy=False)
        if self.crowd.count > self.most_connections:
            self.crowd.remove(leaving := self.crowd.dispensable())  # going takes it a moment
            leaving.transport.abort()

    def _end_soon(self) -> None:
        """A closed connection lasts until the client has read all; not for ever."""
        self._stop_clock()
        self._clock = self.loop.call_later(self.answer_grace_seconds, self.transport.abort)

    def _look_at_unread(self) -> None:
        """Whether answers are read fast enough."""
        read = max(0, self._unread - self.transport.get_write_buffer_size())
        allowed = self.answer_grace_seconds + read / ANSWER_BYTES_A_SECOND
        if self.loop.time() - self._unread_since > allowed:
            self.transport.abort()
            return
        self._unread_clock = self.loop.call_later(_LOOK_SECONDS, self._look_at_unread)

    def _start_head(self) -> None:
        self._clock = self.loop.call_later(self.head_seconds, self._too_slow)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _look(self) -> None:
        """Whether the body comes fast enough; time in which we did not read does not count."""
        now = self.loop.time()
        if self.flow.read_paused or self.transport.held:  # type: ignore[attr-defined] # of `Held`
            self._reading_since += _LOOK_SECONDS
        allowed = self.body_grace_seconds + self._received / BODY_BYTES_A_SECOND
        if now - self._reading_since > min(allowed, self.body_seconds):
            self._too_slow()
            return
        self._clock = self.loop.call_later(_LOOK_SECONDS, self._look)

    def _too_slow(self) -> None:
        self._clock = None
        if self._in_head and (self._busy or self.transport.held):  # type: ignore[attr-defined]
            self._start_head()  # an earlier request, or a turn to be read, comes first
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
        self._end_soon()
