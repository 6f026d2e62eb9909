"""Trust, 4.1 and 4.2: the limits of a connection are those that the service ships with.

Other tests set shorter ones. Here the clock of the event loop leaps instead; the leaps are well
before and well after each limit, so that a busy machine changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from byoip.cli.serving import bind, port_of, serving
from tests.leaping import leap
from tests.trust.test_4_1_endless_headers import HEAD, POST, Client, Echo, connected

BODY = POST + b"Content-Length: 9000000\r\n\r\n"
REQUEST = HEAD + b"\r\n"
SOON = 20.0  # seconds, for a machine that is busy; no limit below is missed by so little


@pytest.fixture
async def port() -> AsyncIterator[int]:
    listening = bind("127.0.0.1", 0)
    async with serving(Echo(), listening):
        yield port_of(listening)


async def still_waits(client: Client, seconds: float) -> bool:
    """Whether so much later the server has neither answered nor closed."""
    await asyncio.sleep(0.2)  # it has read what was said
    leap(seconds)
    try:
        await asyncio.wait_for(client._reader.read(1), 0.2)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize(
    ("said", "waits", "no_more", "status"),
    [
        pytest.param(HEAD, 5, 6, 408, id="ten seconds for a head"),
        pytest.param(b"", 5, 6, 0, id="ten seconds to say anything"),
        pytest.param(BODY, 5, 8, 408, id="ten seconds before a body is measured"),
        pytest.param(BODY + bytes(160 * 1024), 15, 8, 408, id="16 kB a second of a body"),
        pytest.param(BODY + bytes(6 * 2**20), 250, 60, 408, id="five minutes for a body"),
    ],
)
async def test_a_client_has_so_long(
    port: int, said: bytes, waits: float, no_more: float, status: int
) -> None:
    async with connected(port) as client:
        await client.say(said)
        assert await still_waits(client, waits)
        leap(no_more)
        async with asyncio.timeout(SOON):
            assert await client.status() == status


async def test_a_connection_is_idle_for_five_seconds(port: int) -> None:
    async with connected(port) as client:
        await client.say(REQUEST)
        assert await client.status() == 200
        assert await client._reader.readuntil(b"\r\n\r\n0")
        assert await still_waits(client, 2)
        leap(5)
        async with asyncio.timeout(SOON):
            assert await client.rest() == b""


@pytest.mark.parametrize(("more", "status"), [(99, 200), (100, 431)])
async def test_a_request_has_a_hundred_headers(port: int, more: int, status: int) -> None:
    async with connected(port) as client:
        await client.say(HEAD + b"".join(b"X-%d: 1\r\n" % n for n in range(more)) + b"\r\n")
        assert await client.status() == status
