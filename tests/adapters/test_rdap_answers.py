"""What hostile servers send as registration data ends soon, and is unanswered; nothing is guessed.

Each against a real server on loopback.
"""

import asyncio
import gzip
import json
from typing import Any

import pytest

from byoip.adapters.rdap.rdap_client import MAX_BYTES, MOST_REDIRECTS
from byoip.domain.checks.evidence import Fault
from byoip.domain.rdap.said import RdapEnd
from tests.fakes.rdap_servers import CIDR, HEAD, ask_at, fault, network, said, serving, whole
from tests.leaping import leap


async def test_a_huge_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + b"\r\n" + b'{"objectClassName": "')
        while True:
            writer.write(b"a" * 65536)
            await writer.drain()
            sent += 65536

    async with serving(endless) as server:
        assert fault(await ask_at(server)) is Fault.TOO_LARGE
    assert sent < 64 * MAX_BYTES  # the kernels' buffers take some


async def test_a_large_answer_that_is_within_the_limit_is_read() -> None:
    remarks = [{"description": ["a" * 1000] * 200}]
    async with serving(said(network(remarks=remarks))) as server:
        assert (await ask_at(server)).said.end is RdapEnd.ANSWERED


async def test_a_silent_server_is_given_up() -> None:
    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    async with serving(silent) as server:
        answer = await ask_at(server, deadline=0.3)
    assert fault(answer) is Fault.TIMEOUT
    assert answer.exhibit.asked == f"RDAP GET {server.url}ip/{CIDR}"


async def test_one_that_drips_has_no_more_time() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n")
        for byte in json.dumps(network()):
            writer.write(byte.encode())
            await writer.drain()
            await asyncio.sleep(0.05)

    async with serving(drip) as server:
        assert fault(await ask_at(server, deadline=0.5)) is Fault.TIMEOUT


async def test_the_deadline_is_that_of_all_hops() -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        leap(20)
        writer.write(b"HTTP/1.1 302 X\r\nLocation: /ip/next\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with serving(slow) as server:
        assert fault(await ask_at(server, deadline=50)) is Fault.TIMEOUT
    assert 1 < len(server.asked) <= MOST_REDIRECTS


async def test_tiny_chunks_are_ended() -> None:
    async def chunks(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1\r\na\r\n" * 1000)
            await writer.drain()

    async with serving(chunks) as server:
        assert fault(await ask_at(server, deadline=30)) is Fault.TRUNCATED


async def test_nothing_is_unpacked() -> None:
    bomb = gzip.compress(b" " * 10**7)
    async with serving(whole(bomb, "Content-Encoding: gzip\r\n")) as server:
        answer = await ask_at(server)
    assert fault(answer) is Fault.GARBAGE
    assert "packed" in answer.said.detail


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 100_000, id="lists"),
        pytest.param(b'{"entities":' * 15_000, id="objects"),
        pytest.param(b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", id="in what is skipped"),
        pytest.param(
            b'{"objectClassName":"ip network","startAddress":"192.0.2.0","endAddress":"192.0.2.255"'
            b',"entities":[{"roles":["registrant"],"vcardArray":' + b"[" * 50_000 + b"]" * 50_000,
            id="in a card",
        ),
    ],
)
async def test_deep_json_is_no_answer(body: bytes) -> None:
    async with serving(whole(body)) as server:
        assert fault(await ask_at(server)) is Fault.GARBAGE


CARD = ["vcard", [["fn", {}, "text", "Example"], ["kind", {}, "text", "org"]]]


def entity(**changes: object) -> dict[str, Any]:
    return {"handle": "ORG-1", "roles": ["registrant"], "vcardArray": CARD, **changes}


@pytest.mark.parametrize(
    "answer",
    [
        [],
        "text",
        None,
        {},
        network(objectClassName="autnum"),
        network(objectClassName=["ip network"]),
        network(startAddress=None),
        network(startAddress="192.0.2"),
        network(startAddress=3221225984),
        network(startAddress="192.0.3.0"),
        network(endAddress="192.0.2.127"),
        network(startAddress="10.0.0.0", endAddress="10.255.255.255"),
        network(startAddress="::", endAddress="ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        network(endAddress="ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        network(startAddress="fe80::1%eth0"),
        network(name=7),
        network(type={"a": 1}),
        network(entities={"handle": "ORG-1"}),
        network(entities=["ORG-1"]),
        network(entities=[entity(roles="registrant")]),
        network(entities=[entity(handle=1)]),
        network(entities=[entity(vcardArray="vcard")]),
        network(entities=[entity(vcardArray=["vcard"])]),
        network(entities=[entity(vcardArray=["vcard", [["fn"]]])]),
        network(entities=[entity(vcardArray=["vcard", [["fn", {}, "text", ["A", "B"]]]])]),
        network(entities=[entity(vcardArray=["vcard", [*CARD[1], CARD[1][0]]])]),
        network(entities=[entity()] * 101),
    ],
    ids=lambda answer: json.dumps(answer)[-60:],
)
async def test_wrong_types_and_values_are_no_answer(answer: object) -> None:
    async with serving(said(answer)) as server:
        assert fault(await ask_at(server)) is Fault.GARBAGE


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"<html>", b'{"objectClassName": "ip netw', b'"\\ud800"']
)
async def test_bytes_that_are_no_json_are_no_answer(body: bytes) -> None:
    async with serving(whole(body)) as server:
        assert fault(await ask_at(server)) is Fault.GARBAGE


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Example B.V.", "Example B.V."),
        ("Société Générale 株式会社", "Société Générale 株式会社"),
        ("evil\x1b[2J\x00\x07", "evil<U+001B>[2J<U+0000><U+0007>"),
        ("A\u202eB\u2066C\u200fD", "A<U+202E>B<U+2066>C<U+200F>D"),
        ("line\r\nline\u2028line\u200b\ufeff", None),
        ("x" * 5000, "x" * 97 + "..."),
    ],
)
async def test_a_name_is_made_fit_to_be_shown(name: str, shown: str | None) -> None:
    card = ["vcard", [["fn", {}, "text", name], ["kind", {}, "text", "org"]]]
    answer = network(entities=[entity(vcardArray=card)], name="A\x00\u202e", type="B\x1b")
    async with serving(said(answer)) as server:
        found = await ask_at(server)
    network_ = found.said.network
    assert network_ is not None
    assert network_.registrant is not None
    kept = [network_.registrant.name, network_.name, network_.type]
    assert all(one.isprintable() for one in kept), kept
    assert shown is None or kept[0] == shown
    assert found.exhibit.answer.decode().isprintable()
