"""`byoip api` and `byoip worker`: the parts one by one, around one database."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from byoip.cli.opening import opened
from byoip.cli.serving import bind, port_of, serving, stop_on_signals, working
from byoip.cli.up import refresh_in_child
from byoip.composition import Composition
from byoip.ports.jobs import DEFAULT_QUEUE, RPKI_QUEUE
from byoip.settings import Settings


async def run_api(settings: Settings) -> int:
    """Serve the API until a signal."""
    async with AsyncExitStack() as stack:
        stop, composition = await _open(stack, settings)
        listening = bind(settings.host, settings.port)
        root = settings.base_url(settings.host, port_of(listening))
        await stack.enter_async_context(serving(composition.api(root), listening))
        await stop.wait()
    return 0


async def run_worker(settings: Settings, rpki_cache: Path | None) -> int:
    """Carry out jobs until a signal; with a cache, refreshes of ROA data as well."""
    async with AsyncExitStack() as stack:
        stop, composition = await _open(stack, settings)
        queues = [DEFAULT_QUEUE, RPKI_QUEUE] if rpki_cache else [DEFAULT_QUEUE]
        app = composition.worker(partial(refresh_in_child, rpki_cache))
        await stack.enter_async_context(working(app, queues, settings.worker_concurrency))
        await stop.wait()
    return 0


async def _open(stack: AsyncExitStack, settings: Settings) -> tuple[asyncio.Event, Composition]:
    stop = stop_on_signals()
    composition = opened(settings)
    stack.push_async_callback(composition.close)
    return stop, composition
