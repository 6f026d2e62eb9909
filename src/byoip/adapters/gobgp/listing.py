"""Reads all that a gobgpd lists, in a thread: on the event loop each message takes twice as long.

One destination is one message. In a thread they are read as they come, and the loop serves others.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import grpc

_Answer = TypeVar("_Answer")

# More than speakers that list at one time: none waits for another that has fallen silent.
_THREADS: Final = ThreadPoolExecutor(256, thread_name_prefix="listing")
_LOOKS: Final = 8  # within the time that it may be silent for


class TooMany(Exception):  # noqa: N818 - translated where the call is made
    """It lists more than it may."""


async def listed(
    connect: Callable[[], grpc.Channel],
    call: str,
    request: bytes,
    parse: Callable[[bytes], _Answer],
    *,
    most: int,
    most_bytes: int,
    silent: float,
    last: float,
) -> list[_Answer]:
    """All that answers a call.

    Args:
        connect: opens a channel for this call alone (`open_in_thread`).
        call: with its service, as gRPC has it.
        request: packed.
        parse: makes an answer of each message.
        most: how many they may be.
        most_bytes: how large they may be together.
        silent: seconds without a message after which it is given up.
        last: seconds for all of it.

    Raises:
        grpc.RpcError: it did not answer, or not to the end.
        TooMany: it was more.
        TimeoutError: it fell silent.
        Exception: what `parse` raises.
    """
    with connect() as channel:
        kind: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(call)
        coming = kind(request, timeout=last)
        answers: list[_Answer] = []

        def read() -> None:
            left = most_bytes
            for message in coming:
                left -= len(message)
                if len(answers) == most or left < 0:
                    raise TooMany
                answers.append(parse(message))

        reading = asyncio.get_running_loop().run_in_executor(_THREADS, read)
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await _while_they_come(reading, answers, silent)
            await reading
        finally:
            coming.cancel()  # which ends the thread's work, too
    return answers


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
