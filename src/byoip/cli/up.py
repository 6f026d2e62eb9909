"""`byoip up`: everything in one process and one loop. Children: Postgres and ROA refreshes."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from byoip.adapters.child_process import start_child_async
from byoip.adapters.postgres.embedded import EmbeddedPostgres
from byoip.cli.credentials import first_credentials, first_link
from byoip.cli.opening import say_server_notes
from byoip.cli.ready import Ready
from byoip.cli.serving import (
    LETTERS,
    bind,
    notifying,
    port_of,
    posting,
    reconciling,
    serving,
    witnessing,
    working,
)
from byoip.cli.stopping import run_until_stopped
from byoip.composition.api import api_of
from byoip.composition.capabilities import capabilities_of, say_what_is_missing
from byoip.composition.external_services import ExternalServices, external_services
from byoip.composition.notifying import hook_signer
from byoip.composition.process import Composition
from byoip.composition.worker import worker_of
from byoip.ports import jobs
from byoip.settings import Mode
from byoip.settings.model import Settings, require_origins
from byoip.settings.names import DATABASE_VARIABLE, SettingsError
from byoip.settings.parts import on_loopback
from byoip.store.migrating import migrate
from byoip.store.poolers import refuse_unfit_pooler
from byoip.web.site import SandboxPages

_LOG = logging.getLogger(__name__)
_WATCH_SECONDS = 1.0
_READY_SECONDS = 30
_SANDBOX = "byoip.composition.sandbox"  # loaded where there is one, and nowhere else


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to start.

    Attributes:
        bootstrap: mint the first credentials in a database that is not embedded, too.
        then: is awaited once the service is ready; the status it returns ends the service, None
            keeps it running.
    """

    sandbox: bool = False
    ready_file: Path | None = None
    bootstrap: bool = False
    then: Callable[[Ready], Coroutine[None, None, int | None]] | None = None

    @property
    def mode(self) -> Mode:
        """What the database must be stamped as."""
        return "sandbox" if self.sandbox else "production"


def data_directory(settings: Settings, mode: Mode) -> Path:
    """Where this mode keeps its data; root's lies where the Postgres user can reach it."""
    if settings.data_dir:
        return settings.data_dir
    if os.geteuid() == 0:
        return Path("/var/lib/byoip") / mode
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "byoip" / mode


@contextmanager
def database(settings: Settings, data_dir: Path) -> Iterator[tuple[str, EmbeddedPostgres | None]]:
    """The configured database, or our own Postgres while the block runs."""
    if settings.database_url:
        yield settings.database_url, None
        return
    with EmbeddedPostgres(data_dir / "postgres") as postgres:
        yield postgres.database_url, postgres


async def serve(
    settings: Settings,
    wanted: Wanted,
    data_dir: Path,
    url: str,
    postgres: EmbeddedPostgres | None,
    stop: asyncio.Event,
) -> int:
    """Run until it is stopped, or until something that cannot be replaced has gone."""
    async with AsyncExitStack() as stack:
        sandbox = None
        if wanted.sandbox:
            sandbox = await stack.enter_async_context(import_module(_SANDBOX).sandbox())
        outside = _outside(settings, sandbox)
        composition = Composition(settings, url, wanted.mode, outside)
        stack.push_async_callback(composition.close)
        await refuse_unfit_pooler(url)
        if postgres is None and not wanted.sandbox:  # ours is set up well, a sandbox keeps nothing
            await say_server_notes(composition, "up")
        await composition.offer_services()
        control_url = None
        if sandbox:
            await composition.refresh_registrations()()
            listening = bind("127.0.0.1", 0)
            control = await sandbox.control(composition)
            await stack.enter_async_context(serving(control, listening))
            control_url = f"http://127.0.0.1:{port_of(listening)}"
        shown = sandbox.pages() if sandbox else None
        ready = await _start(stack, composition, wanted, data_dir, stop, control_url, shown)
        if wanted.ready_file:
            stack.callback(wanted.ready_file.unlink, missing_ok=True)
            ready.write(wanted.ready_file)
        return await _until_stopped(stop, postgres, wanted, ready)


async def _start(
    stack: AsyncExitStack,
    composition: Composition,
    wanted: Wanted,
    data_dir: Path,
    stop: asyncio.Event,
    control_url: str | None,
    sandbox: SandboxPages | None,
) -> Ready:
    settings = composition.settings
    listening = bind(settings.host, settings.port)
    root = settings.base_url(settings.host, port_of(listening))
    able = capabilities_of(composition, validates_roas=not wanted.sandbox)
    signer = hook_signer(settings, own=data_dir)
    app = api_of(composition, root, able, signer, sandbox)
    await stack.enter_async_context(serving(app, listening))
    # Ends before serving does, so that clients that wait for events do not delay the end.
    await stack.enter_async_context(composition.notifier.listening())
    queues, first = [*jobs.QUEUES, jobs.LETTER_QUEUE], []
    if not wanted.sandbox:  # the sandbox has loaded its registry and ROAs already
        queues, first = [*queues, jobs.RPKI_QUEUE], [jobs.REFRESH_REGISTRATIONS, jobs.REFRESH_ROAS]
    cache = data_dir / "rpki"
    work = worker_of(
        composition,
        None if wanted.sandbox else partial(refresh_in_child, composition.database_url, cache),
        import_module(LETTERS).letter_work(composition, root, own=data_dir),
    )
    places = composition.places
    await stack.enter_async_context(working(work, queues, places, stop=stop, first=first))
    await stack.enter_async_context(witnessing(composition, stop=stop))
    await stack.enter_async_context(notifying(composition, signer, stop=stop))
    await stack.enter_async_context(posting(composition, root, stop=stop))
    await stack.enter_async_context(reconciling(composition, stop=stop))
    await _green(composition)
    lacking = await say_what_is_missing(able)
    minted = link = None
    if not settings.database_url or wanted.bootstrap:
        minted = await first_credentials(composition, data_dir)
        account_id = UUID(minted.account_id) if wanted.sandbox else None
        link = await first_link(composition, account_id, root)
    return Ready(
        base_url=f"{root}/client/v4",
        account_id=minted.account_id if minted else None,
        api_token=minted.api_token if minted else None,
        operator_token=minted.operator_token if minted else None,
        database_url=composition.database_url,
        sandbox_control_url=control_url,
        sign_in_link=link,
        lacking=tuple(lacking),
    )


class RefreshFailed(Exception):  # noqa: N818 - ends the job, which the queue then shows as failed
    """The refresh ended with a status other than 0; its log lines say why."""


async def refresh_in_child(database_url: str, cache: Path) -> None:
    """Refresh ROA data in a child process, so that its memory is given back.

    Raises:
        RefreshFailed: nothing new is in use.
    """
    byoip = Path(sys.executable).with_name("byoip")
    argv = [str(byoip), "rpki", "refresh", "--rpki-cache", str(cache)]
    child = await start_child_async(argv, env={**os.environ, DATABASE_VARIABLE: database_url})
    try:
        if status := await child.wait():
            raise RefreshFailed(f"byoip rpki refresh ended with status {status}")
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


def _outside(settings: Settings, sandbox: Any) -> ExternalServices:
    if sandbox is None:
        require_origins(settings)
        return external_services(settings)
    if not on_loopback(settings.host):
        raise SettingsError("The sandbox listens on loopback only: it lets anyone prove anything.")
    services: ExternalServices = sandbox.services(settings)
    return services


async def _green(composition: Composition) -> None:
    async with asyncio.timeout(_READY_SECONDS):
        while trouble := await composition.trouble():
            _LOG.info("Not ready yet: %s", trouble)
            await asyncio.sleep(0.1)


async def _until_stopped(
    stop: asyncio.Event, postgres: EmbeddedPostgres | None, wanted: Wanted, ready: Ready
) -> int:
    stopped = asyncio.create_task(stop.wait())
    then = asyncio.create_task(wanted.then(ready)) if wanted.then else None
    try:
        while not stopped.done():
            await asyncio.wait(
                {stopped, *({then} if then else ())},
                timeout=_WATCH_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if postgres and postgres.pid is None:
                _LOG.error("Postgres has gone; see its log in the data directory.")
                return 1
            if then and then.done():
                if (status := then.result()) is not None:
                    return status
                then = None
        return 0
    finally:
        for task in (stopped, then):
            if task:
                task.cancel()


def up(settings: Settings, wanted: Wanted) -> int:
    """Start the database, migrate it and serve; gives the exit status."""
    data_dir = data_directory(settings, wanted.mode)
    data_dir.mkdir(parents=True, exist_ok=True)
    with database(settings, data_dir) as (url, postgres):
        migrate(url, wanted.mode)
        return run_until_stopped(partial(serve, settings, wanted, data_dir, url, postgres))
