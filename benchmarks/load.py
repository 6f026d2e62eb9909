"""The load generator: keep-alive connections on loopback, in a process of its own.

It reads one order from standard input and writes one report to standard output, both JSON.
"""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from typing import cast

import msgspec
import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_DEADLINE_SECONDS = 300
_HEAD_END = b"\r\n\r\n"


class Order(msgspec.Struct, frozen=True):
    """What to ask.

    Attributes:
        requests: each as it goes over the wire.
        seconds: ask them in turn for so long; None: ask each once.
        keep: report the bodies of the answers.
    """

    port: int
    requests: list[str]
    connections: int = 32
    seconds: float | None = None
    keep: bool = False


class Report(msgspec.Struct, frozen=True):
    """What came back. Latencies are in seconds."""

    seconds: float
    latencies: list[float]
    refused: int
    answer_bytes: int
    bodies: list[str]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """The latency that this share of answers did not exceed."""
        return sorted(self.latencies)[int(share * (len(self.latencies) - 1))]


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], *, keep: bool, until: float) -> None:
        self.latencies: list[float] = []
        self.bodies: list[str] = []
        self.refused = 0
        self.answer_bytes = 0
        self.done = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._keep = keep
        self._until = until
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_HEAD_END)
        if not end:
            return
        length = _LENGTH.search(head)
        assert length, head
        if len(body) < int(length[1]):
            return
        self.latencies.append(time.perf_counter() - self._sent)
        self.answer_bytes = len(body)
        self.refused += head[9:10] != b"2"
        if self._keep:
            self.bodies.append(body.decode())
        self._received = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        self._sent = time.perf_counter()
        request = next(self._requests, None) if self._sent < self._until else None
        if request is None:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._transport.write(request)


async def _carry_out(order: Order) -> Report:
    encoded = [request.encode("latin-1") for request in order.requests]
    once = order.seconds is None
    requests = iter(encoded) if once else cycle(encoded)
    started = time.perf_counter()
    until = float("inf") if order.seconds is None else started + order.seconds
    loop = asyncio.get_running_loop()
    connections = [
        (
            await loop.create_connection(
                lambda: _Connection(requests, keep=order.keep, until=until), "127.0.0.1", order.port
            )
        )[1]
        for _ in range(order.connections)
    ]
    async with asyncio.timeout(_DEADLINE_SECONDS):
        await asyncio.gather(*(one.done for one in connections))
    return Report(
        seconds=time.perf_counter() - started,
        latencies=[latency for one in connections for latency in one.latencies],
        refused=sum(one.refused for one in connections),
        answer_bytes=max(one.answer_bytes for one in connections),
        bodies=[body for one in connections for body in one.bodies],
    )


def ask(order: Order) -> Report:
    """Have an order carried out in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=msgspec.json.encode(order),
        stdout=subprocess.PIPE,
        check=True,
    )
    report = msgspec.json.decode(done.stdout, type=Report)
    if report.refused:
        raise RuntimeError(f"{report.refused} requests were refused: {report.bodies[:1]}")
    return report


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    report = msgspec.json.encode(uvloop.run(_carry_out(order)))
    # With PYTHONUNBUFFERED sys.stdout.buffer is none, and writes no more than a pipe takes at once.
    with os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as out:
        out.write(report)


if __name__ == "__main__":
    main()
