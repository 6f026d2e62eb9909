from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

import pytest

from byoip.adapters.checks.delegated_statistics import STATISTICS_URLS, DelegatedStatistics
from byoip.adapters.https_download import DownloadLimits
from byoip.domain.checks.delegated_statistics import REGISTRIES
from byoip.domain.checks.registry import Allocation
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import NoStatistics, StatisticsFile
from byoip.ports.checks.snapshots import FetchMark
from tests.fakes.rpki import NOON, StoppedClock
from tests.fakes.web_server import Page, WebServer, web_server

LIMITS = DownloadLimits(timedelta(seconds=30), largest=10_000, schemes=frozenset({"http"}))
FILE = b"""2|ripencc|20261122|1|19830705|20261121|+0100
ripencc|*|ipv4|*|1|summary
ripencc|FR|ipv4|2.0.0.0|1048576|20100712|allocated|5a1f|\xfc
"""


@dataclass
class Marks:
    kept: dict[str, FetchMark] = field(default_factory=dict)

    async def mark_of(self, url: str) -> FetchMark | None:
        return self.kept.get(url)

    async def remember_mark(self, url: str, mark: FetchMark) -> None:
        self.kept[url] = mark


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


def source(web: WebServer, marks: Marks) -> DelegatedStatistics:
    urls = {"ripencc": f"{web.url}/ripencc", "apnic": f"{web.url}/apnic"}
    return DelegatedStatistics(urls, marks, StoppedClock(), LIMITS)


async def fetched(web: WebServer, marks: Marks) -> list[StatisticsFile | NoStatistics]:
    return [one async for one in source(web, marks).fetch()]


async def test_each_registry_answers_for_itself(web: WebServer) -> None:
    web.pages["/ripencc"] = Page(FILE)
    apnic, ripe = await fetched(web, Marks())
    assert apnic == NoStatistics("apnic", f"{web.url}/apnic: answered 404")
    assert isinstance(ripe, StatisticsFile)
    assert (ripe.serial, ripe.sha256, ripe.fetched_at) == (
        "20261122",
        sha256(FILE).hexdigest(),
        NOON,
    )
    assert list(ripe.allocations) == [
        Allocation(Prefix.parse("2.0.0.0/12"), "ripencc", "allocated", "5a1f", "FR")
    ]


async def test_a_file_in_use_is_asked_for_only_if_it_has_changed(web: WebServer) -> None:
    headers = {"etag": '"7"', "last-modified": "Sun, 22 Nov 2026 01:00:00 GMT"}
    web.pages["/ripencc"] = Page(FILE, headers=headers)
    marks = Marks()
    await fetched(web, marks)
    assert list(marks.kept.values()) == [
        FetchMark('"7"', "Sun, 22 Nov 2026 01:00:00 GMT", sha256(FILE).hexdigest())
    ]
    web.pages["/ripencc"] = Page(status=304)
    _, ripe = await fetched(web, marks)
    assert ripe == NoStatistics("ripencc", fault=None)
    asked = web.asked[-1]
    assert asked["if-none-match"] == '"7"'
    assert asked["if-modified-since"] == "Sun, 22 Nov 2026 01:00:00 GMT"


async def test_a_file_that_cannot_be_read_leaves_no_mark(web: WebServer) -> None:
    web.pages["/ripencc"] = Page(b"<html>", headers={"etag": '"7"'})
    marks = Marks()
    _, ripe = await fetched(web, marks)
    assert ripe == NoStatistics("ripencc", "the version line is not one of ripencc's")
    assert marks.kept == {}


def test_the_public_places_are_the_five_registries_over_https() -> None:
    assert set(STATISTICS_URLS) == REGISTRIES
    assert all(url.startswith("https://") for url in STATISTICS_URLS.values())
