"""Trust, 1.3: whatever headers a registry's web server sends, they are its own fault, and cheap.

One that named its file by an ETag with a letter of another script, or led to a host that is none,
ended the job that takes the files of all registries, each time.
"""

import cProfile
import io
import pstats
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.delegated_statistics import DelegatedStatistics
from byoip.adapters.checks.ripe_rest import RipeRest
from byoip.adapters.https_download import (
    Downloaded,
    DownloadFailed,
    DownloadLimits,
    download,
)
from byoip.domain.checks.evidence import Fault
from byoip.ports.checks.registry import NoAnswer
from byoip.ports.checks.snapshots import MalformedExport
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations, RegistryRefreshed
from tests.fakes.rdap_servers import RIPE, ask
from tests.fakes.rpki import StoppedClock
from tests.fakes.web_server import Page, web_server
from tests.trust.test_1_3_hostile_downloads import HEAD, Clock, _question, sending

LIMITS = DownloadLimits(timedelta(seconds=20), largest=10**6, schemes=frozenset({"http"}))
COOKIES = b"Set-Cookie: a=b\r\nSet-Cookie2: " + b"a," * 30_000 + b"\r\n"
MOST_CALLS = 20_000


def file(registry: str, serial: int) -> bytes:
    head = f"2|{registry}|{serial}|1|19830101|20261121|+0000"
    row = f"{registry}||ipv4|240.0.0.0|256|20260101|reserved|"
    return "\n".join([head, f"{registry}|*|ipv4|*|1|summary", row, ""]).encode()


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(200, {"etag": '"é"'}, id="an ETag"),
        pytest.param(200, {"last-modified": "ÿ"}, id="a date"),
        pytest.param(302, {"location": "//xn--/"}, id="a host"),
        pytest.param(302, {"location": "//xn--a"}, id="a label"),
        pytest.param(302, {"location": "http:xn--"}, id="a URL"),
    ],
)
async def test_the_headers_of_one_registry_stop_no_other(
    engine: AsyncEngine, status: int, headers: dict[str, str]
) -> None:
    snapshots, clock = RegistrationSnapshots(engine), StoppedClock()

    async def refreshed(serial: int) -> Sequence[RegistryRefreshed]:
        web.pages["/apnic"] = Page(file("apnic", 1), status, headers)
        web.pages["/ripencc"] = Page(file("ripencc", serial))
        source = DelegatedStatistics(urls, snapshots, clock, LIMITS)
        return await RefreshRegistrations(source, snapshots, clock)()

    with web_server() as web:
        urls = {one: f"{web.url}/{one}" for one in ("apnic", "ripencc")}
        for serial in (1, 2):
            _, other = await refreshed(serial)
            assert other.number is not None
    loaded = {one.registry: one.serial for one in await snapshots.status()}
    assert loaded["ripencc"] == "2"


@pytest.mark.parametrize("location", [b"//xn--/", b"//xn--a", b"http:xn--"])
async def test_a_registry_that_leads_nowhere_is_not_understood(location: bytes) -> None:
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
    async with sending(head, b"", 1) as (_, url):
        answer = await RipeRest(Clock(), deadline=20).look_up(_question(url))
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.GARBAGE


LONG = (
    b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://h:" + b"x" * 60_000 + b"\r\n\r\n"
)
MOST_KEPT = 700  # characters: a finding, an alarm, a status line repeat them


async def test_what_a_server_says_is_kept_in_short() -> None:
    async with sending(LONG, b"", 1) as (_, url):
        loaded = await download(f"{url}/file", io.BytesIO(), LIMITS)
        routes = await RipeRest(Clock(), deadline=20).look_up(_question(url))
        holder = await ask(replace(RIPE, rdap_url=f"{url}/"))
    assert isinstance(loaded, DownloadFailed)
    assert isinstance(routes, NoAnswer)
    for kept in (loaded.why, routes.detail, holder.said.detail):
        assert "xxx" in kept
        assert len(kept) < MOST_KEPT


def test_what_a_speaker_or_an_export_says_is_kept_in_short() -> None:
    for odd in (SpeakerUnanswered("\x1b" * 10**6), MalformedExport("x" * 10**6)):
        assert len(str(odd)) < MOST_KEPT


async def test_cookies_are_not_read() -> None:
    sink, profile = io.BytesIO(), cProfile.Profile()
    head = HEAD + b"Content-Length: 1\r\n" + COOKIES + b"\r\n"
    async with sending(head, b"a", 1) as (_, url):
        with profile:
            answer = await download(url, sink, LIMITS)
    assert isinstance(answer, Downloaded)
    assert _calls(profile) < MOST_CALLS


async def test_cookies_of_a_registry_are_not_read() -> None:
    profile = cProfile.Profile()
    head = HEAD + b"Content-Length: 2\r\n" + COOKIES + b"\r\n"
    async with sending(head, b"{}", 1) as (_, url):
        with profile:
            await RipeRest(Clock(), deadline=20).look_up(_question(url))
    assert _calls(profile) < MOST_CALLS


def _calls(profile: cProfile.Profile) -> int:
    stats: dict[object, tuple[int, int, float, float, object]] = vars(pstats.Stats(profile))[
        "stats"
    ]
    return sum(called for _, called, *_ in stats.values())
