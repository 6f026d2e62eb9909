"""One speaker and one router that listens to it, or more of them, on loopback addresses."""

import asyncio
import time
from collections.abc import Awaitable, Callable

_POLL_SECONDS = 0.02


async def eventually(true: Callable[[], Awaitable[bool]], *, seconds: float = 20) -> None:
    """Return once it holds; fail when time is up."""
    deadline = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        await asyncio.sleep(_POLL_SECONDS)
