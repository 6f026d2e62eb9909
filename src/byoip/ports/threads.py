"""Work on what registries answer, beside the event loop: each account has a share of the threads.

A megabyte of objects takes a second. By anyio's own limiter forty of one account held up everyone.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Final, TypeAlias, TypeVar, TypeVarTuple, Unpack
from weakref import WeakKeyDictionary

from anyio import CapacityLimiter, to_thread

from byoip.ports.places import Places

_Result = TypeVar("_Result")
_About = TypeVarTuple("_About")

_THREADS: Final = 8  # more are no quicker: they take turns at the interpreter
# Bytes. Reading an answer takes a microsecond for each at worst, so 4 ms; a thread costs 0.2 ms,
# and most answers are shorter.
SHORT: Final = 4096

_Turns: TypeAlias = tuple[Places, CapacityLimiter]
_turns: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns]] = WeakKeyDictionary()


async def in_thread(
    whose: Hashable, function: Callable[[Unpack[_About]], _Result], *about: *_About
) -> _Result:
    """Call it in a thread, once this party has its turn; it is waited for to its end."""
    loop = asyncio.get_running_loop()
    places, limiter = _turns.get(loop) or _turns.setdefault(loop, _begun())
    await places.take(whose)
    try:
        return await to_thread.run_sync(function, *about, limiter=limiter)
    finally:
        places.give_back(whose)


async def unless_short(
    whose: Hashable, size: int, function: Callable[[Unpack[_About]], _Result], *about: *_About
) -> _Result:
    """Call it here where it is about so few bytes, else in a thread."""
    return function(*about) if size <= SHORT else await in_thread(whose, function, *about)


def _begun() -> _Turns:
    return Places(_THREADS), CapacityLimiter(_THREADS)
