"""Tasks that live as long as their process: none of them ends without a word."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Final

from byoip.ports.steady_clock import boottime

_LOG: Final = logging.getLogger(__name__)

_LONGEST_PAUSE: Final = 30.0
_AGAIN_SECONDS: Final = 2.0


def asked_to_end() -> bool:
    """Whether the current task was cancelled; a fault may have taken the cancellation's place."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def supervised(
    what: str, work: Callable[[], Coroutine[Any, Any, None]], pause: float = 1.0
) -> None:
    """Do it until it returns or is cancelled; a fault that nobody foresaw is logged.

    It then begins again after `pause` seconds, after twice as many the next time, up to 30.
    """
    seconds = pause
    while True:
        began = boottime()
        try:
            await work()
        except Exception:
            if asked_to_end():
                raise
            if boottime() - began > _LONGEST_PAUSE:
                seconds = pause
            _LOG.exception("%s has failed, and begins again in %g s", what, seconds)
            await asyncio.sleep(seconds)
            seconds = min(2 * seconds, _LONGEST_PAUSE)
        else:
            return


async def end(tasks: Collection[asyncio.Task[Any]], *, seconds: float) -> None:
    """Cancel them, again every two seconds, and wait so long; what has not ended then is logged.

    Once may not do: a fault that is raised while one ends may take the cancellation's place.
    """
    until, left = boottime() + seconds, set(tasks)
    while left and boottime() < until:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=min(_AGAIN_SECONDS, until - boottime()))
    for task in left:
        _LOG.error("%s does not end", task)
