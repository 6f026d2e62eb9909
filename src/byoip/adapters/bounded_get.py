"""One GET or POST of an outside party: a bounded answer, or NotAnAnswer, whatever it does."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from byoip.adapters.checks.whois_dialects import NotAnAnswer
from byoip.adapters.http_pieces import UNPACKED, BoundedHead, NoCookies, pieces
from byoip.domain.checks.evidence import Fault

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Posted:
    """What is posted, and its own headers."""

    content: bytes
    headers: Mapping[str, str]


async def bounded_get(
    url: httpx.URL,
    body: bytearray,
    *,
    accept: str,
    tls: ssl.SSLContext,
    max_bytes: int,
    post: Posted | None = None,
) -> httpx.Response:
    """Fetch into `body`, which keeps what came before a fault; the caller sets the deadline.

    With `post` it is a POST. No redirects (their body is not read, `next_request` says where one
    leads), no proxies, no cookies, no compression.

    Raises:
        NotAnAnswer: it cannot be reached, is no whole HTTP answer, or larger than `max_bytes`.
    """
    headers = {"Accept": accept, **UNPACKED, **(post.headers if post else {})}
    sent = ("POST", url) if post else ("GET", url)
    content = post.content if post else None
    extensions = BoundedHead().extensions
    try:
        async with (
            httpx.AsyncClient(
                verify=tls,
                trust_env=False,
                timeout=None,  # noqa: S113 - the caller's deadline is around all of it
                cookies=NoCookies(),
            ) as client,
            client.stream(
                *sent, content=content, headers=headers, extensions=extensions
            ) as response,
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
