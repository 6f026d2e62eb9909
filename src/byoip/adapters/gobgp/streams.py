"""Reads gobgpd's streams of answers, each in a thread of its own.

A destination, or what becomes of it, is one message, and they come by the thousands. On the event
loop gRPC takes twice the processor's time for each, and the loop serves nothing else meanwhile.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import grpc

_Answer = TypeVar("_Answer")

_AT_ONCE: Final = 64 * 1024  # bytes that are told before others have a turn
_LOOKS: Final = 8  # within the time that it may be silent for


class TooMany(Exception):  # noqa: N818 - translated where the call is made
    """It says more than it may."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        connect: opens a channel for this call alone (`open_in_thread`).
        call: with its service, as gRPC has it.
        request: packed.
        most: how many messages may answer it; of an endless answer, how many may wait here.
        most_bytes: how large those may be together.
    """

    connect: Callable[[], grpc.Channel]
    call: str
    request: bytes
    most: int
    most_bytes: int


async def listed(
    asked: Question, parse: Callable[[bytes], _Answer], *, silent: float, last: float
) -> list[_Answer]:
    """All that answers it.

    Args:
        asked: the question.
        parse: makes an answer of each message.
        silent: seconds without a message after which it is given up.
        last: seconds for all of it.

    Raises:
        grpc.RpcError: it did not answer, or not to the end.
        TooMany: it was more.
        TimeoutError: it fell silent.
        Exception: what `parse` raises.
    """
    answers: list[_Answer] = []
    size = 0

    def take(message: bytes) -> None:
        nonlocal size
        size += len(message)
        if len(answers) == asked.most or size > asked.most_bytes:
            raise TooMany
        answers.append(parse(message))

    with _reading(asked, take, last) as reading:
        await _while_they_come(reading, answers, silent)
        await reading
    return answers


async def told(asked: Question) -> AsyncGenerator[bytes, None]:
    """Each message of an answer that has no end, as it comes; ends when it does end.

    Raises:
        grpc.RpcError, TooMany: as for `listed`.
    """
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    waiting = deque[bytes]()
    came = 0  # bytes: the thread's
    taken = rested = 0  # the loop's

    def take(message: bytes) -> None:
        nonlocal came
        came += len(message)
        if len(waiting) == asked.most or came - taken > asked.most_bytes:
            raise TooMany
        waiting.append(message)
        if len(waiting) == 1:  # of more the loop knows: it takes all that wait
            loop.call_soon_threadsafe(news.set)

    with _reading(asked, take, None) as reading:
        reading.add_done_callback(lambda _: news.set())
        while not reading.done() or waiting:
            await news.wait()
            news.clear()
            while waiting:
                message = waiting.popleft()
                taken += len(message)
                yield message
                if taken - rested > _AT_ONCE:  # the thread may be as quick as we are
                    rested = taken
                    await asyncio.sleep(0)
        await reading


@contextmanager
def _reading(
    asked: Question, take: Callable[[bytes], None], last: float | None
) -> Iterator[asyncio.Future[None]]:
    """Have a thread take each message, while the block runs."""
    with asked.connect() as channel:
        kind: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(asked.call)
        coming = kind(asked.request, timeout=last)

        def read() -> None:
            for message in coming:
                take(message)

        thread = ThreadPoolExecutor(1)
        reading = asyncio.get_running_loop().run_in_executor(thread, read)
        thread.shutdown(wait=False)  # it ends with what it does
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        yield reading  # with its channel the call ends, and what the thread does


async def _while_they_come(
    reading: asyncio.Future[None], answers: Sequence[object], silent: float
) -> None:
    loop = asyncio.get_running_loop()
    many, since = 0, loop.time()
    while not reading.done():
        await asyncio.wait([reading], timeout=silent / _LOOKS)
        if len(answers) > many:
            many, since = len(answers), loop.time()
        elif loop.time() >= since + silent and not reading.done():
            raise TimeoutError
