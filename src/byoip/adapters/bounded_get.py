"""One question to an outside party: a bounded answer, or NotAnAnswer, whatever it does."""

import ssl
from collections.abc import Mapping
from typing import Any, Final

import httpx

from byoip.adapters.checks.whois_dialects import NotAnAnswer
from byoip.adapters.http_pieces import UNPACKED, BoundedHead, NoCookies, pieces
from byoip.domain.checks.evidence import Fault

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


async def bounded_get(
    url: httpx.URL, body: bytearray, *, accept: str, tls: ssl.SSLContext, max_bytes: int
) -> httpx.Response:
    """Fetch into `body`: see `bounded_ask`."""
    headers = {"Accept": accept}
    return await bounded_ask("GET", url, body, headers=headers, tls=tls, max_bytes=max_bytes)


async def bounded_ask(
    method: str,
    url: httpx.URL,
    body: bytearray,
    *,
    headers: Mapping[str, str],
    tls: ssl.SSLContext,
    max_bytes: int,
    content: bytes | None = None,
) -> httpx.Response:
    """Send, and read into `body`, which keeps what came before a fault; the caller's deadline.

    No redirects (their body is not read, `next_request` says where one leads), no proxies, no
    cookies, no compression.

    Raises:
        NotAnAnswer: it cannot be reached, is no whole HTTP answer, or larger than `max_bytes`.
    """
    sent: dict[str, Any] = {
        "headers": {**headers, **UNPACKED},
        "extensions": BoundedHead().extensions,
    }
    try:
        async with (
            httpx.AsyncClient(
                verify=tls,
                trust_env=False,
                timeout=None,  # noqa: S113 - the caller's deadline is around all of it
                cookies=NoCookies(),
            ) as client,
            client.stream(method, url, content=content, **sent) as response,
        ):
            if response.status_code in REDIRECTS:
                return response
            async for piece in pieces(response):
                body += piece[: max_bytes - len(body) + 1]
                if len(body) > max_bytes:
                    detail = f"the answer is larger than {max_bytes} bytes"
                    raise NotAnAnswer(Fault.TOO_LARGE, detail)
            return response
    # Where a redirect leads is read though it is not followed, and numbers are: ValueError.
    except (
        httpx.RemoteProtocolError,
        httpx.InvalidURL,
        httpx.DecodingError,
        ValueError,
    ) as fault:
        kind = Fault.TRUNCATED if body else Fault.GARBAGE
        raise NotAnAnswer(kind, f"not a whole HTTP answer: {fault}") from fault
    except httpx.HTTPError as fault:  # name not found, refused, reset, TLS
        raise NotAnAnswer(Fault.UNREACHABLE, f"the connection failed: {fault}") from fault
