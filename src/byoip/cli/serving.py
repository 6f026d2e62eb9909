"""Servers and workers in one loop, on sockets we bind. How they end: `cli/stopping.py`."""

import asyncio
import gc
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any

import psycopg
import uvicorn
from procrastinate import App
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from starlette.types import ASGIApp

from byoip.api.reads_in_turns import ReadsInTurns
from byoip.cli.connection_limits import LimitedProtocol
from byoip.cli.stopping import ended
from byoip.composition.mailing import poster_of, relay_of
from byoip.composition.notifying import notifier_of
from byoip.composition.process import Composition
from byoip.composition.speaking import reconciler_of, watcher_of, witness_of
from byoip.ports.hooks.sending import Signer
from byoip.ports.supervising import asked_to_end
from byoip.store.speakers.watch_election import OF_LEADER, OF_WORKER

# Libraries for PDFs and signatures take most of a second: only a process that signs imports this.
LETTERS = "byoip.cli.letters"

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS = 20
# Less, because a queue that cannot reach the database takes some seconds more to close.
_JOB_SECONDS = 15
_PAUSE_SECONDS = 2.0
# In a turn of the event loop, where libuv takes one of each socket: those that come wait in a
# queue that a single client fills, and a turn may take 10 ms.
_ACCEPTED_AT_ONCE = 32
_UNREAD_BYTES = 128 * 1024
_IDLE_SECONDS = 5  # a connection whose requests are all answered
# Of ten thousand routes that are read hardly any object is garbage of this kind: by the usual
# thresholds (700, 10, 10) a quarter of a worker's time went into looking.
_GARBAGE = (5000, 20, 10)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        OSError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=2048)
    # Of each connection: else the kernel keeps megabytes of what a client does not read.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD_BYTES)
    listening.setblocking(False)  # noqa: FBT003 - the socket module's signature
    return listening


def port_of(listening: socket.socket) -> int:
    """The port that a socket got."""
    return int(listening.getsockname()[1])


@asynccontextmanager
async def serving(app: ASGIApp, listening: socket.socket) -> AsyncIterator[None]:
    """Serve while the block runs; open requests are finished before it is left."""
    config = uvicorn.Config(
        app,
        http=partial(ReadsInTurns, LimitedProtocol),  # type: ignore[arg-type] # a class, called
        ws="none",  # a connection that is handed over has no limits
        log_config=None,
        access_log=False,
        proxy_headers=False,  # on loopback, too, a header is the client's word
        server_header=False,
        lifespan="on",
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config)
    sockets = [listening, *(listening.dup() for _ in range(_ACCEPTED_AT_ONCE - 1))]
    task = asyncio.create_task(server.serve(sockets=sockets))
    try:
        while not server.started:
            if task.done():
                await task
                raise RuntimeError("the server ended before it started")
            await asyncio.sleep(0.005)
        _look_for_less_garbage()
        yield
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def working(
    app: App, queues: list[str], concurrency: int, *, stop: asyncio.Event, first: Sequence[str] = ()
) -> AsyncIterator[None]:
    """Carry out jobs while the block runs; jobs under way get time to end.

    `first` names periodic tasks that run at once as well. A worker that ends by itself
    sets `stop`: a process that serves nothing must not look alive.
    """
    task = asyncio.create_task(_keep_working(app, queues, concurrency, first))
    _look_for_less_garbage()
    task.add_done_callback(lambda _: stop.set())
    try:
        yield
    finally:
        await ended(task, patience=_JOB_SECONDS + 1)


@asynccontextmanager
async def notifying(
    composition: Composition, signer: Signer | None, *, stop: asyncio.Event
) -> AsyncIterator[None]:
    """Send webhooks while the block runs, if there is a key that signs them."""
    if signer is None:
        _LOG.info("This process sends no webhooks: it has no BYOIP_WEBHOOK_KEY")
        yield
        return
    async with _running(notifier_of(composition, signer).run(), stop):
        yield


@asynccontextmanager
async def posting(
    composition: Composition, root: str, *, stop: asyncio.Event
) -> AsyncIterator[None]:
    """Send mail while the block runs, if there is a server that takes it."""
    relay = relay_of(composition.settings)
    if relay is None:
        yield
        return
    async with _running(poster_of(composition, relay, root).run(), stop):
        yield


@asynccontextmanager
async def reconciling(composition: Composition, *, stop: asyncio.Event) -> AsyncIterator[None]:
    """Reconcile BGP speakers while the block runs, if any are configured.

    A reconciler that ends by itself sets `stop`, as a worker does. Speakers keep their routes.
    The process watches routes, too, for the time that it does not lead.
    """
    async with reconciler_of(composition) as reconciler:
        if reconciler is None:
            yield
            return
        _look_for_less_garbage()
        leading = reconciler.leading
        async with (
            watching(composition, lambda: OF_LEADER if leading.is_set() else OF_WORKER, stop=stop),
            _running(reconciler.run(), stop),
        ):
            yield


@asynccontextmanager
async def watching(
    composition: Composition, rank: Callable[[], int], *, stop: asyncio.Event
) -> AsyncIterator[None]:
    """Watch routes from outside while the block runs, if this process is the one to do it."""
    async with watcher_of(composition, rank) as watcher:
        if watcher is None:
            yield
            return
        async with _running(watcher.run(), stop):
            yield


@asynccontextmanager
async def witnessing(composition: Composition, *, stop: asyncio.Event) -> AsyncIterator[None]:
    """Remember the database while the block runs, to testify if it becomes another one."""
    witness = witness_of(composition)
    if witness is None:
        yield
        return
    async with _running(witness.run(), stop):
        yield


def _look_for_less_garbage() -> None:
    """Not among what was imported, which takes 130 ms each time, and not at every 700 objects."""
    if not gc.get_freeze_count():
        gc.freeze()
        gc.set_threshold(*_GARBAGE)


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    task.add_done_callback(lambda _: stop.set())
    try:
        yield
    finally:
        await ended(task, patience=_PAUSE_SECONDS)


async def _keep_working(
    app: App, queues: list[str], concurrency: int, first: Sequence[str]
) -> None:
    """Run the worker, and start it again after the database was away.

    A worker that is cancelled while the database is away ends with the database's fault: this
    takes the cancellation's place, so what was asked for is looked up.
    """
    while not asked_to_end():
        try:
            async with app.open_async():
                for name in first:
                    await _enqueue_once(app, name)
                await app.run_worker_async(
                    queues=queues,
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=_JOB_SECONDS,
                )
            # The listener lost the database, which came back before the worker had stopped.
            why = "The queue was away"
        except (ConnectorException, psycopg.OperationalError) as fault:
            why = f"The queue is away ({fault})"
        if not asked_to_end():
            _LOG.warning("%s, trying again in %s s", why, _PAUSE_SECONDS)
            await asyncio.sleep(_PAUSE_SECONDS)


async def _enqueue_once(app: App, name: str) -> None:
    with suppress(AlreadyEnqueued):
        await app.tasks[name].configure(queueing_lock=name).defer_async(timestamp=int(time.time()))
