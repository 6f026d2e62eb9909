"""Servers on loopback that answer a question for registration data with given bytes."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rirs import RIRS
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.said import RdapEnd
from byoip.ports.checks.rdap import HolderAnswer, HolderQuestion
from byoip.sandbox.rdap_shapes import RdapRecord, network_answer
from tests.fakes.registry_budget import EnoughBudget

CIDR = "192.0.2.0/24"
RIPE = next(one for one in RIRS if one.key == "ripencc")
ARIN = next(one for one in RIRS if one.key == "arin")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rdap+json\r\n"
DAY = timedelta(days=1)

Serve = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Server:
    """Answers each request with the same; `asked` are the request lines."""

    url: str
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def serving(answer: bytes | Serve) -> AsyncIterator[Server]:
    here = Server("")
    talking: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            here.asked.append(head.split(b"\r\n")[0].decode())
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort() if task.cancelling() else writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        here.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        try:
            yield here
        finally:
            for task in talking:
                task.cancel()
            await asyncio.gather(*talking, return_exceptions=True)


def whole(body: bytes, more: str = "", status: int = 200) -> bytes:
    head = f"HTTP/1.1 {status} X\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def network(**changes: object) -> dict[str, Any]:
    """An everyday answer of RIPE's, with what the test is about changed."""
    return {**network_answer("ripencc", RdapRecord(CIDR, name="Example B.V.")), **changes}


def said(answer: object) -> bytes:
    return whole(json.dumps(answer).encode())


async def ask(
    *registries: Registry,
    deadline: float = 30,
    budget: EnoughBudget | None = None,
    prefix: str = CIDR,
) -> HolderAnswer:
    client = RdapClient(
        *(Clock(), RdapServers({one.key: one for one in registries}), budget or EnoughBudget()),
        deadline=deadline,
        back_off=BackOff(DAY, timedelta(minutes=10)),
    )
    question = HolderQuestion(registries[0], Prefix.parse(prefix), UUID(int=1), all_here=True)
    return await client.look_up(question)


async def ask_at(server: Server, deadline: float = 30) -> HolderAnswer:
    return await ask(replace(RIPE, rdap_url=server.url), deadline=deadline)


def fault(answer: HolderAnswer) -> Fault | None:
    assert answer.said.end is RdapEnd.UNANSWERED, answer.said
    assert answer.said.network is None
    return answer.said.fault
