"""One file of the web, within a deadline and a size, and never over plain HTTP unless allowed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import IO

import httpx

from byoip.adapters.http_pieces import UNPACKED, BoundedHead, NoCookies, pieces, trusted
from byoip.domain.foreign_text import brief

_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """What a download may take.

    Attributes:
        deadline: for all of it, from connecting to the last byte.
        largest: bytes.
        schemes: of URLs; plain `http` is for servers on loopback.
    """

    deadline: timedelta
    largest: int
    schemes: frozenset[str] = frozenset({"https"})


@dataclass(frozen=True, slots=True)
class Downloaded:
    """The file is in the sink."""

    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server says we have it already."""


@dataclass(frozen=True, slots=True)
class DownloadFailed:
    """There is no file; the sink holds part of it, or nothing."""

    why: str

    def __post_init__(self) -> None:
        """Cut what the other side said."""
        object.__setattr__(self, "why", brief(self.why))


async def download(
    url: str, sink: IO[bytes], limits: DownloadLimits, headers: Mapping[str, str] | None = None
) -> Downloaded | NotModified | DownloadFailed:
    """Fetch `url` into `sink`. Redirects are not followed; never raises for what others do."""
    try:
        if httpx.URL(url).scheme not in limits.schemes:
            return DownloadFailed(f"{url}: only {', '.join(sorted(limits.schemes))} is allowed")
        async with asyncio.timeout(limits.deadline.total_seconds()):
            return await _stream(url, sink, limits, headers or {})
    except TimeoutError:
        return DownloadFailed(f"{url}: not complete after {limits.deadline.total_seconds():g} s")
    # Where a redirect leads is read though it is not followed, and numbers are: ValueError.
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError) as fault:
        return DownloadFailed(f"{url}: {type(fault).__name__} {fault}".rstrip())


async def _stream(
    url: str, sink: IO[bytes], limits: DownloadLimits, headers: Mapping[str, str]
) -> Downloaded | NotModified | DownloadFailed:
    seconds = limits.deadline.total_seconds()
    async with (
        httpx.AsyncClient(verify=trusted(), timeout=seconds, cookies=NoCookies()) as client,
        client.stream(
            "GET", url, headers={**UNPACKED, **headers}, extensions=BoundedHead().extensions
        ) as response,
    ):
        if response.status_code == _NOT_MODIFIED and headers:
            return NotModified()
        if response.status_code != httpx.codes.OK:
            return DownloadFailed(f"{url}: answered {response.status_code}")
        size = 0
        async for chunk in pieces(response):
            size += len(chunk)
            if size > limits.largest:
                return DownloadFailed(f"{url}: larger than {limits.largest} bytes")
            sink.write(chunk)
        return Downloaded(response.headers.get("etag"), response.headers.get("last-modified"))
