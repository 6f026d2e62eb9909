"""`byoip api` and `byoip worker`: the parts one by one, around one database."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from byoip.cli.letters import configured_letter_work
from byoip.cli.opening import opened
from byoip.cli.serving import bind, port_of, reconciling, serving, stop_on_signals, working
from byoip.cli.up import refresh_in_child
from byoip.composition.process import Composition
from byoip.ports import jobs
from byoip.settings.model import Settings, SettingsError, require_origins
from byoip.store.migrating import stamped_mode


async def run_api(settings: Settings) -> int:
    """Serve the API until a signal."""
    async with AsyncExitStack() as stack:
        stop, composition = await _open(stack, settings)
        listening = bind(settings.host, settings.port)
        root = settings.base_url(settings.host, port_of(listening))
        await stack.enter_async_context(serving(composition.api(root), listening))
        # Ends before serving does, so that clients that wait for events do not delay the end.
        await stack.enter_async_context(composition.notifier.listening())
        await stop.wait()
    return 0


async def run_worker(settings: Settings, rpki_cache: Path | None) -> int:
    """Carry out jobs until a signal; with a cache, refreshes of ROA data as well."""
    queues, first = [jobs.DEFAULT_QUEUE], [jobs.REFRESH_REGISTRATIONS]
    if rpki_cache:
        queues, first = [*queues, jobs.RPKI_QUEUE], [*first, jobs.REFRESH_ROAS]
    async with AsyncExitStack() as stack:
        stop, composition = await _open(stack, settings)
        letters = configured_letter_work(composition)
        queues = [*queues, jobs.LETTER_QUEUE] if letters else queues
        url = composition.database_url
        refresh = partial(refresh_in_child, url, rpki_cache) if rpki_cache else None
        app = composition.worker(refresh, letters)
        concurrency = settings.worker_concurrency
        await stack.enter_async_context(working(app, queues, concurrency, stop=stop, first=first))
        await stack.enter_async_context(reconciling(composition, stop=stop))
        await stop.wait()
    return 0


async def _open(stack: AsyncExitStack, settings: Settings) -> tuple[asyncio.Event, Composition]:
    stop = stop_on_signals()
    require_origins(settings)
    composition = opened(settings)
    stack.push_async_callback(composition.close)
    stamped = await stamped_mode(composition.engine)
    if stamped not in {None, composition.mode}:
        raise SettingsError(f"This database is stamped {stamped}: it serves nothing else.")
    return stop, composition
