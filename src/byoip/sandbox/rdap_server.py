"""The sandbox's RDAP servers: one for each registry, each on a port of its own."""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from functools import partial
from ipaddress import ip_network
from typing import Any, Final

from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.sandbox_shares import sandbox_allocations, sandbox_asns
from byoip.sandbox.irr_objects import AddressRange
from byoip.sandbox.rdap_shapes import RdapRecord, error_answer, network_answer, number_answer

_LONGEST_LINE: Final = 16 * 1024
_IDLE: Final = 30.0  # seconds that a connection may wait for its request
_REASONS: Final = {200: "OK", 302: "Found", 400: "Bad Request", 404: "Not Found"}


class RdapFault(StrEnum):
    """How the sandbox's RDAP servers can misbehave."""

    TIMEOUT = "timeout"  # takes the question and never answers
    RESET = "reset"  # resets the connection
    GARBAGE = "garbage"  # answers with a web page
    TRUNCATED = "truncated"  # stops in the middle of the answer
    REFUSED = "refused"  # says that too much was asked: 429
    SERVER_FAILURE = "server_failure"  # says that it has failed: 500
    REDIRECTS = "redirects"  # redirects to itself, without end


class RdapServer:
    """The sandbox's registration data on loopback; no real registry, not for production.

    Of the sandbox's shares each registry has a network already.
    """

    def __init__(self) -> None:
        self.fault: RdapFault | None = None
        self.ports: dict[str, int] = {}
        self._records: dict[tuple[str, str], RdapRecord] = {}
        self._numbers: dict[tuple[str, str], RdapRecord] = {}
        self._servers: list[asyncio.Server] = []
        self._talking: set[asyncio.Task[None]] = set()
        self.clear()

    @property
    def urls(self) -> Mapping[str, str]:
        """The base URL of each registry's server, once started."""
        return {key: f"http://127.0.0.1:{port}/" for key, port in self.ports.items()}

    async def start(self) -> None:
        """Listen, on free ports."""
        for registry in (one.key for one in RIRS):
            serve = partial(self._serve, registry)
            server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=_LONGEST_LINE)
            self._servers.append(server)
            self.ports[registry] = int(server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and close every connection."""
        for server in self._servers:
            server.close()
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)
        await asyncio.sleep(0)  # the loop closes aborted connections in its next turn

    def put(self, registry: str, record: RdapRecord) -> None:
        """Add or replace the network of exactly this prefix.

        Raises:
            ValueError: a registry or a prefix that is none.
        """
        known = {one.key for one in RIRS}
        if not {registry, record.moved_to or registry} <= known:
            raise ValueError(f"no such registry; there are {', '.join(sorted(known))}")
        cidr = str(ip_network(_prefix(record.cidr)))
        self._records[registry, cidr] = replace(record, cidr=cidr)

    def put_number(self, registry: str, asn: int, *, name: str, handle: str) -> None:
        """Add or replace an AS number.

        Raises:
            ValueError: a registry that is none.
        """
        if registry not in {one.key for one in RIRS}:
            raise ValueError("no such registry")
        self._numbers[registry, str(asn)] = RdapRecord("", name, handle=handle)

    def delete(self, registry: str, cidr: str) -> bool:
        """Remove a network; whether it was there.

        Raises:
            ValueError: it is no prefix.
        """
        return self._records.pop((registry, str(ip_network(cidr))), None) is not None

    def clear(self) -> None:
        """Have the sandbox's shares, and nothing else."""
        self._numbers = {
            (one.key, str(row.first)): RdapRecord("", f"Holder of {row.holder}", handle="SB-AS")
            for one in RIRS
            for row in sandbox_asns(one.key)
        }
        self._records = {
            (one.registry, str(one.prefix)): RdapRecord(
                str(one.prefix), name=f"Holder of {one.holder}"
            )
            for one in sandbox_allocations()
        }

    async def _serve(
        self, registry: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._talking.add(task)
            task.add_done_callback(self._talking.discard)
        try:
            # A client that leaves, stalls or sends endless lines ends only its own connection.
            with suppress(OSError, ValueError, TimeoutError, EOFError, asyncio.LimitOverrunError):
                async with asyncio.timeout(_IDLE):
                    head = await reader.readuntil(b"\r\n\r\n")
                await self._reply(head, registry, writer)
                async with asyncio.timeout(_IDLE):
                    writer.close()
                    await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _reply(self, head: bytes, registry: str, writer: asyncio.StreamWriter) -> None:
        fault = self.fault
        if fault is RdapFault.TIMEOUT:
            await asyncio.sleep(3600)
        if fault is RdapFault.RESET:
            linger = struct.pack("ii", 1, 0)  # on, for 0 seconds: closing sends a reset
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return
        target = head.split(b" ", 2)[1].decode("latin-1")
        whole = self._answer(registry, target)
        if fault is RdapFault.GARBAGE:
            whole = _http(200, b"<html>502 Bad Gateway</html>")
        if fault is RdapFault.REFUSED:
            whole = _json(429, error_answer(429, "Too Many Requests"), "Retry-After: 1\r\n")
        if fault is RdapFault.SERVER_FAILURE:
            whole = _json(500, error_answer(500, "Internal Server Error"))
        if fault is RdapFault.REDIRECTS:
            whole = self._moved(registry, target)
        writer.write(whole[: len(whole) // 2] if fault is RdapFault.TRUNCATED else whole)

    def _answer(self, registry: str, target: str) -> bytes:
        if target.startswith("/autnum/"):
            return self._number(registry, target.removeprefix("/autnum/"))
        if not target.startswith("/ip/"):
            return _json(400, error_answer(400, "Bad Request"))
        asked = AddressRange.parse(_prefix(target.removeprefix("/ip/")))
        around = [
            (held.size, record)
            for (key, cidr), record in self._records.items()
            if key == registry and (held := AddressRange.parse(cidr)).contains(asked)
        ]
        if not around:
            return _json(404, error_answer(404, "Not Found"))
        _, record = min(around, key=lambda found: found[0])
        if record.moved_to:
            return self._moved(record.moved_to, target)
        return _json(200, network_answer(registry, record))

    def _number(self, registry: str, number: str) -> bytes:
        record = self._numbers.get((registry, number))
        if record is None:
            return _json(404, error_answer(404, "Not Found"))
        said = number_answer(registry, int(number), record.name, record.handle)
        return _json(200, said)

    def _moved(self, to: str, target: str) -> bytes:
        location = f"{self.urls[to].rstrip('/')}{target}"
        return _http(302, b"", f"Location: {location}\r\n")


def _prefix(text: str) -> str:
    if "/" not in text:
        raise ValueError(f"{text!r:.60} is not a prefix")
    return text


def _json(status: int, said: Mapping[str, Any], more: str = "") -> bytes:
    body = json.dumps(said, ensure_ascii=False).encode()
    return _http(status, body, f"Content-Type: application/rdap+json\r\n{more}")


def _http(status: int, body: bytes, more: str = "") -> bytes:
    head = f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
