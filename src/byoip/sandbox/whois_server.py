"""The sandbox's routing registry: a whois server that speaks RIPE's and IRRd's dialect."""

import asyncio
import socket
import struct
from contextlib import suppress
from enum import StrEnum
from typing import Final

from byoip.sandbox.irr_objects import AddressRange, IrrObjects
from byoip.sandbox.whois_answers import IrrdSession, answer_ripe

_LONGEST_LINE: Final = 1024  # as the RIPE database: more is an error
_IDLE: Final = 30.0  # seconds that a connection may wait for its next line


class IrrFault(StrEnum):
    """How the sandbox's registry can misbehave."""

    TIMEOUT = "timeout"  # takes the question and never answers
    RESET = "reset"  # resets the connection
    GARBAGE = "garbage"  # answers with bytes that mean nothing
    TRUNCATED = "truncated"  # stops in the middle of the answer
    REFUSED = "refused"  # says that access is denied
    EMPTY = "empty"  # closes without a word


_GARBAGE: Final = b"\x00\xff\xfe garbage \x1b[31m\r\r<html>502 Bad Gateway</html>\n\n\n"


class WhoisServer:
    """The sandbox's routing registry on loopback; not a real registry, not for production.

    It speaks both dialects, chosen by the question: lines that begin with `!` and RIPE-style lines
    without `-B` are answered as IRRd does, others as the RIPE database does.
    """

    def __init__(self, beneath: "WhoisServer | None" = None) -> None:
        """Begin empty; with `beneath` what it holds is told until there is an object here."""
        self.fault: IrrFault | None = None
        self._beneath = beneath
        self.port = 0  # once started
        self._objects = IrrObjects()
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; gives the port."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_LONGEST_LINE)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)
        await asyncio.sleep(0)  # the loop closes aborted connections in its next turn

    def put(self, source: str, text: bytes) -> list[tuple[str, str]]:
        """Add or replace objects, by class and key; gives class and key of each.

        Raises:
            NotRpslError: nothing is put, because one of them cannot be read.
        """
        return self._objects.put(source, text)

    def delete(self, source: str, object_class: str, key: str) -> bool:
        """Remove one object (the key of a route is its prefix and origin); whether it was there."""
        return self._objects.delete(source, object_class, key)

    def delete_blocks(self, source: str, prefix: str) -> bool:
        """Remove every inetnum or inet6num around a prefix; whether there was one.

        Raises:
            ValueError: that is no prefix.
        """
        return self._objects.delete_blocks(source, AddressRange.parse(prefix))

    def clear(self) -> None:
        """Remove every object of every source."""
        self._objects.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._talking.add(task)
            task.add_done_callback(self._talking.discard)
        try:
            # A client that leaves, stalls or sends endless lines ends only its own connection.
            with suppress(OSError, ValueError, TimeoutError):
                await self._converse(reader, writer)
                async with asyncio.timeout(_IDLE):
                    writer.close()
                    await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = IrrdSession(self._told())
        while not session.over:
            async with asyncio.timeout(_IDLE):
                line = (await reader.readline()).decode("latin-1")
            if not line:
                return
            query = line.strip()
            if query and not await self._misbehave(query, session, writer):
                writer.write(self._answer(query, session))
                async with asyncio.timeout(_IDLE):
                    await writer.drain()

    def _told(self) -> IrrObjects:
        """Its own objects, or those beneath while it has none."""
        alone = self._beneath is None or not self._objects.empty
        return self._objects if alone or self._beneath is None else self._beneath._told()  # noqa: SLF001 - of the same class

    def _answer(self, query: str, session: IrrdSession) -> bytes:
        if query.startswith("!") or "-B" not in query.split():
            return session.answer(query)
        session.over = True
        return answer_ripe(self._told(), query)

    async def _misbehave(
        self, query: str, session: IrrdSession, writer: asyncio.StreamWriter
    ) -> bool:
        """Misbehave as the fault orders instead of answering; False without a fault."""
        fault = self.fault
        if fault is None:
            return False
        if fault is IrrFault.TIMEOUT:
            await asyncio.sleep(3600)
        if fault is IrrFault.RESET:
            connection = writer.get_extra_info("socket")
            linger = struct.pack("ii", 1, 0)  # on, for 0 seconds: closing sends a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        if fault is IrrFault.GARBAGE:
            writer.write(_GARBAGE)
        if fault is IrrFault.TRUNCATED:
            whole = self._answer(query, session)
            if query[:1] == "!" and query[:2] not in {
                "!r",
                "!m",
            }:  # the answer to cut is yet to come
                writer.write(whole)
                return True
            writer.write(whole[: len(whole) // 2])
        if fault is IrrFault.REFUSED:
            writer.write(_refusal(query))
        session.over = True
        return True


def _refusal(query: str) -> bytes:
    if query.startswith("!"):
        return b"%% Access denied"
    return (
        b"%ERROR:201: access denied for 127.0.0.1\n%\n"
        b"% Queries from your IP address have passed the daily limit of controlled objects.\n"
        b"% Access from your host has been temporarily denied.\n\n\n"
    )
