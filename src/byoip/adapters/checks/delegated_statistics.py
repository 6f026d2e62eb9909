"""The registries' statistics files, fetched over HTTPS and read."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType

from byoip.adapters.https_download import (
    Downloaded,
    DownloadFailed,
    DownloadLimits,
    NotModified,
    download,
)
from byoip.domain.checks.delegated_statistics import (
    Statistics,
    UnreadableStatistics,
    parse_statistics,
)
from byoip.ports.checks.registrations import NoStatistics, StatisticsFile
from byoip.ports.checks.snapshots import FetchMark, FetchMarks
from byoip.ports.clock import Clock

# Where the five registries publish them; the NRO lists the same places.
STATISTICS_URLS: Mapping[str, str] = MappingProxyType(
    {
        "afrinic": "https://ftp.afrinic.net/pub/stats/afrinic/delegated-afrinic-extended-latest",
        "apnic": "https://ftp.apnic.net/pub/stats/apnic/delegated-apnic-extended-latest",
        "arin": "https://ftp.arin.net/pub/stats/arin/delegated-arin-extended-latest",
        "lacnic": "https://ftp.lacnic.net/pub/stats/lacnic/delegated-lacnic-extended-latest",
        "ripencc": "https://ftp.ripe.net/pub/stats/ripencc/delegated-ripencc-extended-latest",
    }
)
# The largest file has some 20 MB.
STATISTICS_LIMITS = DownloadLimits(deadline=timedelta(minutes=5), largest=128 * 2**20)


@dataclass(frozen=True, slots=True)
class DelegatedStatistics:
    """The registries' delegated-extended files, over HTTPS; only what has changed.

    Attributes:
        urls: by registry.
        marks: which files we have, so that the servers need not send them again.
    """

    urls: Mapping[str, str]
    marks: FetchMarks
    clock: Clock
    limits: DownloadLimits = STATISTICS_LIMITS

    async def fetch(self) -> AsyncIterator[StatisticsFile | NoStatistics]:
        """Fetch one after the other: together they have 60 MB, or ten times that."""
        for registry, url in sorted(self.urls.items()):
            yield await self._fetch(registry, url)

    async def _fetch(self, registry: str, url: str) -> StatisticsFile | NoStatistics:
        with io.BytesIO() as sink:
            headers = _conditions(await self.marks.mark_of(url))
            answer = await download(url, sink, self.limits, headers)
            content = sink.getvalue()
        if isinstance(answer, NotModified):
            return NoStatistics(registry, fault=None)
        if isinstance(answer, DownloadFailed):
            return NoStatistics(registry, answer.why)
        file = await read_statistics(registry, content, self.clock)
        if isinstance(file, StatisticsFile):
            await self.marks.remember_mark(url, _mark(answer, file))
        return file


async def read_statistics(
    registry: str, content: bytes, clock: Clock
) -> StatisticsFile | NoStatistics:
    """Parse a file's bytes, in a thread: the largest takes seconds."""
    parsed, digest = await asyncio.to_thread(_read, registry, content)
    if isinstance(parsed, UnreadableStatistics):
        return NoStatistics(registry, parsed.why)
    return StatisticsFile(
        registry=registry,
        serial=parsed.serial,
        sha256=digest,
        fetched_at=clock.now(),
        allocations=parsed.allocations,
        asns=parsed.asns,
    )


def _read(registry: str, content: bytes) -> tuple[Statistics | UnreadableStatistics, str]:
    # Of the fields we read, all are ASCII; latin-1 takes any byte.
    lines = io.TextIOWrapper(io.BytesIO(content), encoding="latin-1")
    return parse_statistics(lines, registry), sha256(content).hexdigest()


def _conditions(mark: FetchMark | None) -> dict[str, str]:
    if mark is None:
        return {}
    conditions = {"If-None-Match": mark.etag, "If-Modified-Since": mark.last_modified}
    # What is not ASCII (RFC 9110, section 5.5: obsolete) httpx takes from a server and cannot send.
    return {name: value for name, value in conditions.items() if value and value.isascii()}


def _mark(answer: Downloaded, file: StatisticsFile) -> FetchMark:
    return FetchMark(answer.etag, answer.last_modified, file.sha256)
