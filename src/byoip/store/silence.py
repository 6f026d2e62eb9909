"""Whether a database server speaks at all, and what follows for all connections if it does not.

Asked below Postgres' login: a server that runs answers one byte to the question for encryption,
without knowing who asks. One that is frozen, cut off or gone does not.
"""

import asyncio
import logging
import struct
from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias
from weakref import WeakSet

Place: TypeAlias = tuple[str, ...]
"""A host as the URL has it: name, address and port."""

Address: TypeAlias = tuple[str, int]
"""An IP address, or the directory of a socket, and the port."""

Timeline: TypeAlias = tuple[str, int]
"""A cluster's system identifier, and a number that each promotion counts up."""

_LOG = logging.getLogger(__name__)

_SPEAK_SECONDS: Final = 2.0
_SPEAK_TIMES: Final = 2  # the first time this process itself may have been slow
_MAY_WE_ENCRYPT: Final = struct.pack(
    "!ii", 8, 80877103
)  # SSLRequest; docs: protocol-message-formats


class Watched(Protocol):
    """A connection, as far as it matters here."""

    place: Place
    address: Address
    loop: asyncio.AbstractEventLoop
    timeline: Timeline | None

    @property
    def closed(self) -> bool:
        """Whether it has ended."""

    @property
    def idle(self) -> bool:
        """Whether it is in no transaction, and waits for nothing."""

    def give_up(self) -> None:
        """Close it, and tell what waits."""


_open: Final[WeakSet[Watched]] = WeakSet()
_failed: Final[dict[Place, float]] = {}
_asked: Final[dict[Address, asyncio.Task[None]]] = {}


def key(place: Mapping[str, str]) -> Place:
    """A host by its parameters."""
    return tuple(place.get(name, "") for name in ("host", "hostaddr", "port"))


def last_failed(place: Mapping[str, str]) -> float:
    """When a host last failed this process, 0.0 for never: the others are tried before it."""
    return _failed.get(key(place), 0.0)


def note_failure(place: Place) -> None:
    """Try this host last, for now."""
    _failed[place] = asyncio.get_running_loop().time()


def watch_over(connection: Watched) -> None:
    """Count a new connection among those that are given up with their server."""
    _open.add(connection)


def doubt(connection: Watched) -> None:
    """Find out whether its server speaks, unless that is being asked already."""
    asking = _asked.get(connection.address)
    if asking is None or asking.done() or asking.get_loop() is not connection.loop:
        task = connection.loop.create_task(_ask(connection.address))
        _asked[connection.address] = task


def pass_over(connection: Watched) -> None:
    """Its server speaks, but has not answered within the deadline: close what lies idle."""
    note_failure(connection.place)
    for one in _at(connection.address):
        if one.idle:
            one.give_up()


def give_up_older(timeline: Timeline) -> None:
    """Another server was promoted since these were connected: end them."""
    cluster, number = timeline
    older = [
        one
        for one in _open_here()
        if one.timeline is not None and one.timeline[0] == cluster and one.timeline[1] < number
    ]
    if older:
        _LOG.warning("Another server was promoted: %s connections are given up", len(older))
    for one in older:
        one.give_up()


async def _ask(address: Address) -> None:
    for _ in range(_SPEAK_TIMES):
        if await _speaks(address):
            return
    _LOG.warning("The database server %s says nothing: its connections are given up", address)
    for one in _at(address):
        note_failure(one.place)
        one.give_up()


def _at(address: Address) -> list[Watched]:
    return [one for one in _open_here() if one.address == address]


def _open_here() -> list[Watched]:
    loop = asyncio.get_running_loop()
    return [one for one in _open if one.loop is loop and not one.closed]


async def _speaks(address: Address) -> bool:
    host, port = address
    try:
        async with asyncio.timeout(_SPEAK_SECONDS):
            if host.startswith("/"):
                path = f"{host}/.s.PGSQL.{port}"
                reader, writer = await asyncio.open_unix_connection(path)
            else:
                reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_MAY_WE_ENCRYPT)
                return bool(await reader.read(1))
            finally:
                writer.close()
    except OSError:  # TimeoutError is one
        return False
