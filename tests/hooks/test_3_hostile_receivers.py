"""Webhooks 3: whatever a receiver does costs seconds and kilobytes, and is a value."""

import asyncio
import socket
import struct
import time

import pytest

from byoip.adapters.hooks import pinned_post
from byoip.adapters.hooks.addresses import Addresses
from byoip.adapters.hooks.pinned_post import PinnedPost
from byoip.domain.hooks.destination import Destination
from byoip.ports.hooks.sending import Said
from tests.hooks.hooked import ANYWHERE, LOOPBACK
from tests.hooks.receivers import Got, Receiver, answering, never, receiver, sending
from tests.leaping import leap

SECONDS = 1.0
HOLDS_ON = 60  # seconds; well before, on any machine that is well
HEAD = b"HTTP/1.1 200 OK\r\n"


async def post(there: Receiver, *, seconds: float = 30) -> Said:
    sender = PinnedPost(Addresses([], LOOPBACK), seconds=seconds)
    return await sender.post(Destination.parse(there.url, ANYWHERE), {"webhook-id": "1"}, b"{}")


async def drips_its_head(_: Got, writer: asyncio.StreamWriter) -> None:
    for byte in HEAD + b"x-slow: " + b"x" * HOLDS_ON * 20:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless_head(_: Got, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    while not writer.is_closing():
        writer.write(b"x-more: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def says_processing_for_ever(_: Got, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
        await writer.drain()


async def resets(_: Got, writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize(
    "answer",
    [
        never,
        drips_its_head,
        endless_head,
        says_processing_for_ever,
        resets,
        sending(b""),
        sending(b"SSH-2.0-OpenSSH\r\n"),
        sending(b"HTTP/1.1 2000 OK\r\n\r\n"),
        sending(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        sending(b"\0" * 100_000),
        sending(b"\x16\x03\x01\x02\x00"),
    ],
)
async def test_no_answer_is_a_value_within_the_deadline(there: Receiver, answer: object) -> None:
    there.answer = answer  # type: ignore[assignment] # one of ours
    began = time.monotonic()
    said = await post(there, seconds=SECONDS)
    assert said.status is None
    assert said.text.isprintable()
    assert time.monotonic() - began < HOLDS_ON / 2, "it would hold on for a minute"


async def test_nobody_listens() -> None:
    async with receiver() as there:
        pass
    assert "connection failed" in (await post(there)).text


async def test_an_endless_body_is_cut_and_the_status_counts(there: Receiver) -> None:
    sent = 0

    async def endless(_: Got, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + b"\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()
            sent += 10_000

    there.answer = endless
    said = await post(there)
    assert (said.status, said.text) == (200, "x" * 200)
    assert sent < 10_000_000


async def test_a_body_that_drips_does_not_take_the_status_back(
    there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinned_post, "_BODY_SECONDS", 200.0)
    dripped = 0

    async def drips(got: Got, writer: asyncio.StreamWriter) -> None:
        nonlocal dripped
        del got
        writer.write(HEAD + b"\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            dripped += 1
            if dripped == 10:
                leap(300)  # its time is over in the middle of its body
            await asyncio.sleep(0.05)

    there.answer = drips
    assert (await post(there, seconds=300)).status == 200, "it was not waited for to its end"
    assert dripped >= 10


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(there: Receiver, status: int) -> None:
    async with receiver() as inside:
        there.answer = answering(status, f"Location: {inside.url}")
        assert (await post(there)).status == status
        assert inside.connections == 0
        assert there.connections == 1


async def test_what_is_kept_of_an_answer_is_short_and_fit_to_be_shown(there: Receiver) -> None:
    there.answer = answering(500, body=b"\x1b[31m\0\xff\xe2\x80\xae" + b"secret" * 1000)
    said = await post(there)
    assert said.text.isprintable()
    assert len(said.text) <= 250
    assert "\u202e" not in said.text


async def test_a_packed_body_is_not_unpacked(there: Receiver) -> None:
    there.answer = answering(200, "Content-Encoding: gzip", body=b"\x1f\x8b" + b"\0" * 50)
    assert (await post(there)).status == 200


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("120", 120), ("0", 0), ("-1", 0), ("1e9", 0), ("٣", 0), ("9" * 5000, 0), ("tomorrow", 0)],
)
async def test_how_long_it_asks_us_to_wait(there: Receiver, given: str, seconds: int) -> None:
    wire = f"HTTP/1.1 429 x\r\nRetry-After: {given}\r\nContent-Length: 0\r\n\r\n"
    there.answer = sending(wire.encode())
    said = await post(there)
    assert said.retry_after.total_seconds() == seconds
