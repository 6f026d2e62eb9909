"""An HTTP answer, as it comes; refused where reading costs more than its bytes."""

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.cookiejar import CookieJar
from types import MappingProxyType
from typing import Any, Final

import httpcore
import httpx

# Nothing is unpacked: codings may be nested, and three kilobytes become two gigabytes.
UNPACKED: Final[Mapping[str, str]] = MappingProxyType({"Accept-Encoding": "identity"})

# Each chunk costs the event loop as much as some kilobytes do, even one of a single byte.
_PIECES: Final = 2000
_BYTES_A_PIECE: Final = 256  # on average, beyond these
# A server may say "processing" before it answers, as often as it likes (RFC 9110, section 15.2),
# and all that is read at once is parsed at once.
_HEAD_BYTES: Final = 64 * 1024
_HEAD_SLICE: Final = 4 * 1024


@cache
def trusted() -> ssl.SSLContext:
    """Whom this machine trusts, as httpx finds it, read once in a process: it takes 25 ms."""
    return by_curves(httpx.create_ssl_context())


def by_curves(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same; keys of TLS 1.2 are agreed on by elliptic curves only.

    Else (DHE, RFC 5246, section 8.1.2) the server chooses in which group we reckon: one of 10,000
    bits keeps the event loop for more than a second.
    """
    names = [one["name"] for one in context.get_ciphers()]
    context.set_ciphers(":".join(name for name in names if name.startswith("ECDHE-")))
    return context


class NoCookies(CookieJar):
    """Keeps none, and reads none: 60 kB of them, made for it, keep the event loop for a second."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Leave them."""


class BoundedHead:
    """Counts what comes before the body: `client.stream(…, extensions=BoundedHead().extensions)`.

    httpx has no limit for that. Its requests can be traced, and so their streams be had.
    """

    def __init__(self) -> None:
        """Begin with nothing read."""
        self.extensions: Mapping[str, object] = {"trace": self._traced}
        self._read = 0
        self._over = False

    async def _traced(self, event: str, info: Mapping[str, Any]) -> None:
        # With a proxy there are two of each; the answer of ours is the one that comes last.
        if event.split(".")[1:] in (["connect_tcp", "complete"], ["start_tls", "complete"]):
            stream = info["return_value"]
            stream.read = self._counting(stream.read)
            stream.write = _writing(stream.write)
            self._read, self._over = 0, False
        elif event == "http11.receive_response_headers.complete":
            self._over = True

    def _counting(self, read: Any) -> Any:
        async def counted(max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
            if not self._over and self._read > _HEAD_BYTES:
                raise httpcore.RemoteProtocolError(f"no answer in the first {_HEAD_BYTES} bytes")
            with _as_httpcore(httpcore.ReadError):
                part = bytes(await read(max_bytes if self._over else _HEAD_SLICE, timeout))
            self._read += len(part)
            return part

        return counted


def _writing(write: Any) -> Any:
    async def written(buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
        with _as_httpcore(httpcore.WriteError):
            await write(buffer, timeout)

    return written


@contextmanager
def _as_httpcore(kind: type[httpcore.NetworkError]) -> Iterator[None]:
    """Translate what httpcore lets pass: a broken TLS record, and other faults of a socket."""
    try:
        yield
    except OSError as fault:  # ssl.SSLError is one
        raise kind(str(fault)) from fault


async def pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body's bytes; ask with the header `UNPACKED`.

    Raises:
        DecodingError: it is packed all the same.
        RemoteProtocolError: it comes in tiny chunks, or not as HTTP says.
    """
    coding = response.headers.get("content-encoding", "identity")
    if coding.strip().lower() != "identity":
        raise httpx.DecodingError(f"the answer is packed ({coding[:60]}), and was not to be")
    count = size = 0
    async for piece in response.aiter_raw():
        count, size = count + 1, size + len(piece)
        if count > _PIECES + size // _BYTES_A_PIECE:
            raise httpx.RemoteProtocolError(f"{size} bytes came in {count} chunks")
        yield piece
