"""`byoip perspective`: a process without a database that looks, from another place, and says so."""

import asyncio
import logging
from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated

import typer

from byoip.adapters.perspectives.wire import public_text
from byoip.cli.serving import bind, port_of, serving
from byoip.cli.stopping import run_until_stopped
from byoip.composition.perspectives import answering_of
from byoip.perspective.application import PerspectiveApp
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings

_LOG = logging.getLogger(__name__)

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]


def perspective(host: Host = None, port: Port = None) -> None:
    """Look at reverse zones and registries from this place; it needs no database."""
    settings = read_settings(host=host, port=port)
    raise typer.Exit(run_until_stopped(partial(run_perspective, settings)))


async def run_perspective(settings: Settings, stop: asyncio.Event) -> int:
    """Answer until it is stopped."""
    answering = answering_of(settings)
    async with AsyncExitStack() as stack:
        listening = bind(settings.host, settings.port)
        await stack.enter_async_context(serving(PerspectiveApp(answering), listening))
        _LOG.info(
            "Perspective %s answers at http://%s:%d, with the key %s",
            answering.name,
            settings.host,
            port_of(listening),
            public_text(answering.key),
        )
        await stop.wait()
    return 0
