"""`byoip api` and `byoip worker`: the parts one by one, around one database."""

import asyncio
import logging
from contextlib import AsyncExitStack
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from byoip.cli.opening import opened, require_migrated, require_stamp, say_server_notes
from byoip.cli.serving import (
    LETTERS,
    bind,
    notifying,
    port_of,
    posting,
    reconciling,
    serving,
    watching,
    witnessing,
    working,
)
from byoip.cli.stopping import run_until_stopped
from byoip.cli.up import refresh_in_child
from byoip.composition.api import api_of
from byoip.composition.capabilities import capabilities_of, say_what_is_missing
from byoip.composition.notifying import hook_signer
from byoip.composition.process import Composition
from byoip.composition.worker import worker_of
from byoip.ports import jobs
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings, require_origins
from byoip.store.poolers import refuse_unfit_pooler
from byoip.store.speakers.watch_election import OF_API
from byoip.worker.tasks import LetterWork

_LOG = logging.getLogger(__name__)

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]


def api(host: Host = None, port: Port = None) -> None:
    """Serve the API on DATABASE_URL; start as many as you like."""
    raise typer.Exit(run_until_stopped(partial(run_api, read_settings(host=host, port=port))))


def worker(
    rpki_cache: Annotated[
        Path | None, typer.Option(help="Refresh ROA data too, in this directory.")
    ] = None,
) -> None:
    """Carry out validations and periodic jobs; start as many as you like."""
    raise typer.Exit(run_until_stopped(partial(run_worker, read_settings(), rpki_cache)))


async def run_api(settings: Settings, stop: asyncio.Event) -> int:
    """Serve the API until it is stopped."""
    async with AsyncExitStack() as stack:
        composition = await _open(stack, settings, "api")
        listening = bind(settings.host, settings.port)
        root = settings.base_url(settings.host, port_of(listening))
        able = capabilities_of(composition)
        app = api_of(composition, root, able, hook_signer(settings))
        await stack.enter_async_context(serving(app, listening))
        # Ends before serving does, so that clients that wait for events do not delay the end.
        await stack.enter_async_context(composition.notifier.listening())
        await stack.enter_async_context(witnessing(composition, stop=stop))
        await stack.enter_async_context(watching(composition, lambda: OF_API, stop=stop))
        _LOG.info("The API is served at %s/client/v4", root)
        await say_what_is_missing(able)
        await stop.wait()
    return 0


async def run_worker(settings: Settings, rpki_cache: Path | None, stop: asyncio.Event) -> int:
    """Carry out jobs until it is stopped; with a cache, refreshes of ROA data as well."""
    queues, first = [*jobs.QUEUES], [jobs.REFRESH_REGISTRATIONS]
    if rpki_cache:
        queues, first = [*queues, jobs.RPKI_QUEUE], [*first, jobs.REFRESH_ROAS]
    async with AsyncExitStack() as stack:
        composition = await _open(stack, settings, "worker")
        letters = _letter_work(composition)
        queues = [*queues, jobs.LETTER_QUEUE] if letters else queues
        url = composition.database_url
        refresh = partial(refresh_in_child, url, rpki_cache) if rpki_cache else None
        app = worker_of(composition, refresh, letters)
        places = composition.places
        await stack.enter_async_context(working(app, queues, places, stop=stop, first=first))
        await stack.enter_async_context(witnessing(composition, stop=stop))
        signer = hook_signer(settings)
        await stack.enter_async_context(notifying(composition, signer, stop=stop))
        root = str(settings.public_url or "").rstrip("/")
        await stack.enter_async_context(posting(composition, root, stop=stop))
        await stack.enter_async_context(reconciling(composition, stop=stop))
        tells = len(settings.speakers) if settings.reconcile else 0
        queues_told = ", ".join(queues)
        _LOG.info("The worker carries out jobs of %s, and may tell %s speakers", queues_told, tells)
        able = capabilities_of(composition, validates_roas=rpki_cache is not None)
        await say_what_is_missing(able)
        await stop.wait()
    return 0


def _letter_work(composition: Composition) -> LetterWork | None:
    if composition.settings.letter_key is None:
        return None
    work: LetterWork | None = import_module(LETTERS).configured_letter_work(composition)
    return work


async def _open(stack: AsyncExitStack, settings: Settings, kind: str) -> Composition:
    require_origins(settings)
    composition = opened(settings)
    stack.push_async_callback(composition.close)
    await refuse_unfit_pooler(composition.database_url)
    await require_migrated(composition)
    await say_server_notes(composition, kind)
    await require_stamp(composition)
    return composition
