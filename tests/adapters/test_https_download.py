import gzip
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest

from byoip.adapters.https_download import (
    Downloaded,
    DownloadFailed,
    DownloadLimits,
    NotModified,
    download,
)
from tests.fakes.web_server import Page, WebServer, web_server

LIMITS = DownloadLimits(timedelta(seconds=20), largest=1000, schemes=frozenset({"http"}))


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


async def get(
    web: WebServer, page: Page, limits: DownloadLimits = LIMITS
) -> tuple[Downloaded | NotModified | DownloadFailed, bytes]:
    web.pages["/file"] = page
    sink = io.BytesIO()
    return await download(f"{web.url}/file", sink, limits), sink.getvalue()


async def test_a_file_arrives_with_what_the_server_says_about_it(web: WebServer) -> None:
    page = Page(b"x" * 1000, headers={"etag": '"1"', "last-modified": "yesterday"})
    assert await get(web, page) == (Downloaded('"1"', "yesterday"), b"x" * 1000)


@pytest.mark.parametrize(
    ("page", "why"),
    [
        pytest.param(Page(b"x" * 1001), "larger than", id="too large"),
        pytest.param(
            Page(gzip.compress(b"x" * 100), headers={"content-encoding": "gzip"}),
            "is packed",
            id="packed",
        ),
        pytest.param(Page(b"x", cut=10), "RemoteProtocolError", id="cut short"),
        pytest.param(Page(status=500), "answered 500", id="server error"),
        pytest.param(Page(status=304), "answered 304", id="not modified, though not asked"),
        pytest.param(
            Page(status=302, headers={"location": "http://127.0.0.1:1/"}), "302", id="redirect"
        ),
    ],
)
async def test_what_is_not_the_file_is_a_failure(web: WebServer, page: Page, why: str) -> None:
    answer, _ = await get(web, page)
    assert isinstance(answer, DownloadFailed)
    assert why in answer.why


async def test_a_slow_server_is_given_up(web: WebServer) -> None:
    limits = DownloadLimits(timedelta(seconds=0.2), 1000, LIMITS.schemes)
    answer, _ = await get(web, Page(delay=0.6), limits)
    assert isinstance(answer, DownloadFailed)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "file:///etc/passwd", "https://", "https://127.0.0.1:1/", "\0"]
)
async def test_nothing_but_https_is_tried_unless_allowed(url: str) -> None:
    sink = io.BytesIO()
    answer = await download(url, sink, DownloadLimits(timedelta(seconds=2), largest=1000))
    assert isinstance(answer, DownloadFailed)


async def test_an_unchanged_file_is_not_sent_again(web: WebServer) -> None:
    web.pages["/file"] = Page(status=304)
    headers = {"If-None-Match": '"1"'}
    answer = await download(f"{web.url}/file", io.BytesIO(), LIMITS, headers)
    assert answer == NotModified()
    assert web.asked[-1]["if-none-match"] == '"1"'
