"""Trust, 1.3: one question over UDP has few datagrams read, however many a server sends."""

import asyncio
import socket

import dns.flags
import dns.message
import pytest

from byoip.adapters.checks.dns_exchange import (
    Answered,
    NotAnswered,
    Server,
    ask_for,
    name_from,
    over_udp,
)
from byoip.adapters.checks.dns_message import Kind
from byoip.domain.checks.evidence import Fault


@pytest.mark.parametrize(("useless", "kind"), [(10, Answered), (2000, NotAnswered)])
async def test_useless_datagrams_are_passed_over_until_there_are_too_many(
    useless: int, kind: type
) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)  # noqa: FBT003 - the socket module's signature

        async def flood() -> None:
            wire, client = await loop.sock_recvfrom(server, 4096)
            answer = dns.message.make_response(dns.message.from_wire(wire))
            answer.flags |= dns.flags.AA
            for _ in range(useless):
                await loop.sock_sendto(server, answer.to_wire() + b"more", client)
                await asyncio.sleep(0)  # it is read before the next is sent
            await loop.sock_sendto(server, answer.to_wire(), client)

        flooding = asyncio.create_task(flood())
        question = ask_for(name_from("192.in-addr.arpa."), Kind.TXT, flags=0)
        there = Server("127.0.0.1", server.getsockname()[1])
        reply = await over_udp(question, there, seconds=60)
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
    assert isinstance(reply, kind)
    assert getattr(reply, "fault", Fault.GARBAGE) is Fault.GARBAGE
