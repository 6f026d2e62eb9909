"""Deadlines that end when a test says so, however slow or fast the machine is."""

import asyncio
from weakref import WeakKeyDictionary

_AHEAD: WeakKeyDictionary[asyncio.AbstractEventLoop, float] = WeakKeyDictionary()


def leap(seconds: float) -> None:
    """Have the event loop's clock go on by so much, for good: what is due by then is due now.

    A deadline that lies far ahead is thus met after what the test has waited for, and never
    because a machine was busy.
    """
    loop = asyncio.get_running_loop()
    if loop not in _AHEAD:
        _AHEAD[loop], steady = 0.0, loop.time
        loop.time = lambda: steady() + _AHEAD[loop]  # type: ignore[method-assign]
    _AHEAD[loop] += seconds
