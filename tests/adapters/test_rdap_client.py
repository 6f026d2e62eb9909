"""Whom the client of registration data asks: no server chooses that, and budgets are kept.

Each against a real server on loopback.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.checks.evidence import Fault
from byoip.domain.rdap.said import NOTHING_ASKED
from tests.fakes.rdap_servers import (
    ARIN,
    CIDR,
    DAY,
    HEAD,
    RIPE,
    ask,
    ask_at,
    fault,
    network,
    said,
    serving,
    whole,
)
from tests.fakes.registry_budget import EnoughBudget


async def test_thirty_redirects_are_not_followed() -> None:
    led = b"HTTP/1.1 302 X\r\nLocation: /ip/next\r\nContent-Length: 0\r\n\r\n"
    async with serving(led) as server:
        answer = await ask_at(server)
    assert fault(answer) is Fault.GARBAGE
    assert len(server.asked) == 5


async def test_a_redirect_to_another_port_of_loopback_is_not_followed() -> None:
    async with serving(said(network())) as other:
        led = whole(b"", f"Location: {other.url}ip/{CIDR}\r\n", 302)
        async with serving(led) as server:
            answer = await ask_at(server)
    assert fault(answer) is Fault.GARBAGE
    assert "no registry's server" in answer.said.detail
    assert other.asked == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "http://localhost:PORT/",
        "http://user:secret@127.0.0.1:PORT/",
        "https://127.0.0.1:PORT/",
        "http://169.254.169.254/latest/meta-data/",
        "https://rdap.arin.net/registry/ip/192.0.2.0/24",
        "http://127.0.0.1.evil.example/",
        "//[::1]:PORT/",
        "file:///etc/passwd",
        "ftp://127.0.0.1:PORT/",
        "http://127.0.0.1:99999999/",
        "http://[/",
        "",
    ],
)
async def test_a_redirect_to_another_origin_is_not_followed(location: str, status: int) -> None:
    at = ""

    async def lead(writer: asyncio.StreamWriter) -> None:
        port = at.split(":")[2].strip("/")
        writer.write(whole(b"", f"Location: {location.replace('PORT', port)}\r\n", status))

    async with serving(lead) as server:
        at = server.url
        answer = await ask_at(server)
    assert fault(answer) is Fault.GARBAGE
    assert len(server.asked) in ({1} if location else {1, 5})


async def test_a_redirect_without_a_target_is_no_answer() -> None:
    async with serving(whole(b"", status=302)) as server:
        assert fault(await ask_at(server)) is Fault.GARBAGE


async def test_each_hop_counts_at_the_registry_that_it_asks_apart_from_whois() -> None:
    budget = EnoughBudget()
    async with serving(said(network())) as other:
        led = whole(b"", f"Location: {other.url}ip/{CIDR}\r\n", 302)
        async with serving(led) as server:
            ripe, arin = replace(RIPE, rdap_url=server.url), replace(ARIN, rdap_url=other.url)
            answer = await ask(ripe, arin, budget=budget)
    assert answer.said.registry == "arin"
    assert budget.admitted == ["ripencc/rdap", "arin/rdap"]
    assert budget.settled == 2


async def test_beyond_the_budget_nothing_is_asked() -> None:
    async with serving(said(network())) as server:
        budget = EnoughBudget(spent="used up")
        answer = await ask(replace(RIPE, rdap_url=server.url), budget=budget)
    assert fault(answer) is Fault.OUT_OF_BUDGET
    assert server.asked == []
    assert answer.exhibit.asked.startswith(NOTHING_ASKED)


@pytest.mark.parametrize(
    ("status", "after", "pause"),
    [
        (429, "Retry-After: 3600\r\n", timedelta(hours=1)),
        (429, "Retry-After: 5\r\n", timedelta(minutes=10)),
        (429, "Retry-After: 999999999\r\n", DAY),
        (429, f"Retry-After: {'9' * 5000}\r\n", timedelta(minutes=10)),
        (429, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n", timedelta(minutes=10)),
        (403, "", timedelta(minutes=10)),
    ],
)
async def test_a_registry_that_refuses_is_left_alone(
    status: int, after: str, pause: timedelta
) -> None:
    budget = EnoughBudget()
    async with serving(whole(b"{}", after, status)) as server:
        answer = await ask(replace(RIPE, rdap_url=server.url), budget=budget)
    assert fault(answer) is Fault.REFUSED
    assert budget.held == {"ripencc/rdap": pause}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (whole(b"{}", status=500), Fault.SERVER_FAILURE),
        (whole(b"{}", status=503), Fault.SERVER_FAILURE),
        (whole(b"{}", status=400), Fault.GARBAGE),
        (whole(b"{}", status=204), Fault.GARBAGE),
        (whole(b"", status=404), Fault.GARBAGE),
        (whole(b"<html>404", status=404), Fault.GARBAGE),
        (whole(b'{"errorCode": 400}', status=404), Fault.GARBAGE),
        (whole(b'{"errorCode": "404"}', status=404), Fault.GARBAGE),
        (b"nonsense\r\n\r\n", Fault.GARBAGE),
        (HEAD + b"Content-Length: 999\r\n\r\n{", Fault.TRUNCATED),
    ],
)
async def test_other_answers_are_none(answer: bytes, expected: Fault) -> None:
    async with serving(answer) as server:
        assert fault(await ask_at(server)) is expected


async def test_a_server_that_is_away_is_unreachable() -> None:
    async with serving(b"") as server:
        pass
    assert fault(await ask_at(server)) is Fault.UNREACHABLE
