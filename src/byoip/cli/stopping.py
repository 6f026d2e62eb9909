"""How a process that serves ends: at a signal, in time; and when its event loop hangs.

The last resort is the timer of `faulthandler`: a thread without the interpreter's lock, which
prints where each thread is, and ends the process with status 1. The loop winds it up again and
again; a loop that has not turned for a minute does not. After a signal it is wound up once more,
and not stopped: so a thread that does not return holds up no process either.
"""

import asyncio
import faulthandler
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import uvloop

from byoip.adapters.event_loop import EventLoop

_STUCK_SECONDS = 60
_BEAT_SECONDS = 5
_AGAIN_SECONDS = 2
# Under the 30 s that docker-compose.yml gives, above the 20 s of requests and jobs under way.
_END_SECONDS = 28


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run to the end in an event loop of its own and return the exit status."""
    return uvloop.run(main, loop_factory=EventLoop)


def run_until_stopped(main: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    """Run to the end in an event loop of its own and return the exit status.

    `main` gets an event that it may set, and waits for. SIGINT and SIGTERM set it and cancel
    `main`, wherever it is: what is waited for at the start may never come.
    """
    return uvloop.run(_until_stopped(main), loop_factory=EventLoop)


async def _until_stopped(main: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    stop = asyncio.Event()
    serving = asyncio.create_task(main(stop))

    def on_signal() -> None:
        if not stop.is_set():  # else it is ending already
            stop.set()
            serving.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    winding = asyncio.create_task(_wind_up(stop))
    try:
        return await serving
    except asyncio.CancelledError:
        return 0
    finally:
        stop.set()
        await winding
        await _end_the_rest()


async def _wind_up(stop: asyncio.Event) -> None:
    while not stop.is_set():
        faulthandler.dump_traceback_later(_STUCK_SECONDS, exit=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_BEAT_SECONDS):
                await stop.wait()
    faulthandler.dump_traceback_later(_END_SECONDS, exit=True)


async def _end_the_rest() -> None:
    """Cancel what still runs, again and again: the pool's workers swallow it while they connect."""
    current = asyncio.current_task()
    while rest := {task for task in asyncio.all_tasks() if task is not current}:
        for task in rest:
            task.cancel()
        await asyncio.wait(rest, timeout=_AGAIN_SECONDS)


async def ended(task: asyncio.Task[None], *, patience: float) -> None:
    """Cancel a task, and after `patience` seconds again every two, until it has ended.

    Once may not do: a fault that is raised while it ends may take the cancellation's place.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=patience)
        patience = _AGAIN_SECONDS
    with suppress(asyncio.CancelledError):
        await task
