"""Deadlines that end when a test says so, however slow or fast the machine is."""

import asyncio


def leap(seconds: float) -> None:
    """Have the event loop's clock go on by so much, for good: what is due by then is due now.

    A deadline that lies far ahead is thus met after what the test has waited for, and never
    because a machine was busy.
    """
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]
