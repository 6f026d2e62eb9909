"""One POST to a receiver that a customer names: whatever it does is a value, within a deadline.

The name stays in the URL, so TLS asks for its certificate (RFC 9110, section 4.3.4); connections
are made to the judged address, whatever the name means by then. No redirects, no proxies, no
cookies, no compression, no connection that is used twice.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import httpcore

from byoip.adapters.hooks.addresses import Addresses, NoWay
from byoip.adapters.http_pieces import BoundedHead, trusted
from byoip.domain.hooks.destination import Destination
from byoip.domain.rdap.network import legible
from byoip.ports.hooks.sending import EVIDENCE_BYTES, Said

SECONDS: Final = 15.0
_BODY_SECONDS: Final = 2.0  # the status has come: nothing else decides
_CONNECT_SECONDS: Final = 5.0
_LONGEST_PAUSE: Final = 9  # digits
_MOST_PIECES: Final = 50
# After its handshake TLS may say things of its own without end, which no limit of HTTP counts: 64
# kilobytes of session tickets (RFC 8446, section 4.6.1) keep the event loop for 40 ms.
_MOST_RECEIVED: Final = 48 * 1024
_SLICE: Final = 16 * 1024


class PinnedPost:
    """Sends (the `Sender` port)."""

    def __init__(
        self,
        addresses: Addresses,
        *,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """Take whom to trust, None: whom this machine does; and the deadline."""
        self._addresses = addresses
        self._tls = tls
        self._seconds = seconds

    async def post(self, destination: Destination, headers: Mapping[str, str], body: bytes) -> Said:
        """Send once; the name is resolved and its addresses are judged before."""
        try:
            async with asyncio.timeout(self._seconds) as limit:
                pinned = await self._addresses.judged(destination)
                return await self._sent(destination, pinned, headers, body, limit)
        except NoWay as why:
            return Said(None, f"Nothing was sent: {why}.")
        except TimeoutError:
            return Said(None, f"No answer came within {self._seconds:g} s.")
        # ValueError: numbers in a head are read. Of TLS and sockets httpcore lets some through.
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as fault:
            return Said(None, f"The connection failed: {legible(str(fault), EVIDENCE_BYTES)}.")
        except (httpcore.ProtocolError, ValueError) as fault:
            return Said(None, f"No HTTP answer came: {legible(str(fault), EVIDENCE_BYTES)}.")

    async def _sent(
        self,
        destination: Destination,
        pinned: Sequence[str],
        headers: Mapping[str, str],
        body: bytes,
        limit: asyncio.Timeout,
    ) -> Said:
        host = f"[{destination.host}]" if ":" in destination.host else destination.host
        url = httpcore.URL(
            scheme=destination.scheme,
            host=host.encode(),
            port=destination.port,
            target=destination.target.encode(),
        )
        given = {
            "content-type": "application/json",
            "user-agent": "byoip-webhooks/1",
            "accept-encoding": "identity",
            "connection": "close",
            **headers,
        }
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls or trusted(),
                network_backend=_Pinned(destination.host, pinned),
                max_connections=1,
                max_keepalive_connections=0,
                http2=False,
            ) as pool,
            pool.stream(
                "POST",
                url,
                headers=list(given.items()),
                content=body,
                extensions=dict(BoundedHead().extensions),
            ) as response,
        ):
            # The answer is here: what of its body comes late does not take it back.
            limit.reschedule(asyncio.get_running_loop().time() + 2 * _BODY_SECONDS)
            return await _read(response)


async def _read(response: httpcore.Response) -> Said:
    """The status, and a little of the body if it comes soon: that decides nothing."""
    kept = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            count = 0
            async for piece in response.aiter_stream():
                kept += piece[:EVIDENCE_BYTES]
                count += 1
                if len(kept) >= EVIDENCE_BYTES or count >= _MOST_PIECES:
                    break
    except (TimeoutError, httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError):
        pass
    text = kept[:EVIDENCE_BYTES].decode(errors="replace")
    return Said(response.status, legible(text, EVIDENCE_BYTES), _pause(response))


def _pause(response: httpcore.Response) -> timedelta:
    """Retry-After in seconds (RFC 9110, section 10.2.3); a date is not heeded."""
    given = next((v for k, v in response.headers if k.lower() == b"retry-after"), b"")
    digits = given.isdigit() and len(given) <= _LONGEST_PAUSE
    return timedelta(seconds=int(given)) if digits else timedelta(0)


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the judged addresses of one host, and nowhere else."""

    def __init__(self, host: str, addresses: Sequence[str]) -> None:
        self._host = host
        self._addresses = addresses
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first that lets us."""
        del timeout
        if host.strip("[]") != self._host:
            raise httpcore.ConnectError("another host than the one that was judged")
        *first, last = self._addresses
        for address in first:
            try:
                return await self._connected(address, port, local_address, socket_options)
            except (httpcore.NetworkError, httpcore.TimeoutException):
                continue
        return await self._connected(last, port, local_address, socket_options)

    async def _connected(
        self,
        address: str,
        port: int,
        local_address: str | None,
        socket_options: Iterable[Any] | None,
    ) -> httpcore.AsyncNetworkStream:
        made = await self._sockets.connect_tcp(
            address, port, _CONNECT_SECONDS, local_address, socket_options
        )
        wire: Any = made._stream  # type: ignore[attr-defined]  # noqa: SLF001 - below TLS
        wire.receive = _bounded(wire.receive)
        return made

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """None is asked for."""
        del path, timeout, socket_options
        raise httpcore.ConnectError("no receiver is a file")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def _bounded(receive: Any) -> Any:
    """Receives so many bytes of a connection, and no more."""
    left = _MOST_RECEIVED

    async def received(max_bytes: int = _SLICE) -> bytes:
        nonlocal left
        if left <= 0:
            raise httpcore.ReadError(f"the receiver sends more than {_MOST_RECEIVED} bytes")
        part: bytes = await receive(min(max_bytes, _SLICE))
        left -= len(part)
        return part

    return received
