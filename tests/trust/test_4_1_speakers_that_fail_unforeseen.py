"""Trust 4.1: what nobody foresaw of one speaker or listener is that one's alone, and is said.

A fault that no kind was foreseen for ended every worker and every watcher: as a status that
grpc.aio does not know, which is a KeyError where the library beneath lets it through.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from operator import ge

import pytest

from byoip.adapters.gobgp.faults import translated
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.ports.supervising import end, supervised
from byoip.usecases.speakers.observe import ObserveRoutes
from tests.announcing import OURS, Fleet, path, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker

STRANGE = "two"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, HEADERS, PING = 4, 1, 6
ACKNOWLEDGED, LAST = 0x1, 0x4 | 0x1  # END_HEADERS and END_STREAM (RFC 9113, section 6.2)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return (
        len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
    )


def field(name: bytes, value: bytes) -> bytes:
    """A literal, not indexed (RFC 7541, section 6.2.2)."""
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


REFUSED = b"\x88" + field(b"content-type", b"application/grpc") + field(b"grpc-status", b"99")


@asynccontextmanager
async def ending_with_99() -> AsyncIterator[str]:
    """A server of gRPC that ends each call with status 99; its target."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await reader.readexactly(len(PREFACE))
            writer.write(frame(SETTINGS, 0, 0))
            while True:
                head = await reader.readexactly(9)
                payload = await reader.readexactly(int.from_bytes(head[:3], "big"))
                kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
                if kind in {SETTINGS, PING} and not flags & ACKNOWLEDGED:
                    writer.write(frame(kind, ACKNOWLEDGED, 0, payload if kind == PING else b""))
                elif kind == HEADERS:
                    writer.write(frame(HEADERS, LAST, stream, REFUSED))
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"


@pytest.fixture
async def strange() -> AsyncIterator[GobgpSpeaker]:
    async with ending_with_99() as target:
        asked = GobgpSpeaker(STRANGE, target, deadline=30)
        yield asked
        await asked.close()


async def test_a_status_that_grpc_does_not_know_is_no_answer(strange: GobgpSpeaker) -> None:
    asked = [strange.local_as, strange.neighbours, strange.held, strange.count]
    for question in asked:
        with pytest.raises(SpeakerUnanswered, match=STRANGE):
            await question()
    with pytest.raises(SpeakerUnanswered, match=STRANGE):
        await strange.announce([path(Prefix.parse("31.0.0.0/24"))])
    with pytest.raises(SpeakerUnanswered, match=STRANGE):
        await anext(aiter(strange.surprises()))


@pytest.mark.parametrize("odd", [KeyError(99), AttributeError("code"), asyncio.CancelledError()])
async def test_whatever_a_call_raises_is_no_answer(odd: BaseException) -> None:
    no_answer = pytest.raises(SpeakerUnanswered, match=f"{STRANGE}: GetBgp: ")
    with no_answer, translated(STRANGE, "GetBgp", "1 message"):
        raise odd


async def test_what_ends_the_task_itself_is_not_the_speakers_fault() -> None:
    async def call() -> None:
        with translated(STRANGE, "GetBgp", "1 message"):
            await asyncio.Event().wait()

    task = asyncio.create_task(call())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nor_does_it_end_what_tells_another_speaker(
    fleet: Fleet, strange: GobgpSpeaker
) -> None:
    one = speaker("one")
    await _another_is_told(fleet, one, strange)


class Failing(FakeSpeaker):
    """Fails as nobody foresaw, wherever it is asked what it holds."""

    async def held(self) -> Sequence[Path]:
        raise RuntimeError("nobody foresaw this")


class FailingLater(FakeSpeaker):
    """Fails so when it is watched."""

    async def surprises(self) -> AsyncIterator[None]:
        if self.name:
            raise RuntimeError("nobody foresaw this")
        yield


async def test_what_nobody_foresaw_of_a_speaker_is_its_own(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    await _another_is_told(fleet, speaker("one"), Failing(STRANGE, OURS))
    said = [one for one in caplog.records if one.exc_info and "work has failed" in one.message]
    assert len(said) == 1, "with its traceback, and not each time"


async def _another_is_told(fleet: Fleet, one: FakeSpeaker, strange: object) -> None:
    first, second = await fleet.add("31.0.0.0/24", "31.0.1.0/24")

    async def down() -> bool:
        return STRANGE in await fleet.alarms("speaker_down")

    async with reconciling(fleet, one, strange, stages=[1, 2]):  # type: ignore[arg-type]
        await fleet.announce(first)
        await until(down)
        await fleet.announce(second)
        await until(lambda: set(one.paths) == {first, second})


async def test_a_speaker_that_cannot_be_watched_so_gets_its_routes(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    two = FailingLater(STRANGE, OURS, speaker(STRANGE).sessions)
    (first,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, speaker("one"), two, stages=[1, 2]):
        await fleet.announce(first)
        await until(lambda: set(two.paths) == {first})
    assert "work has failed" in caplog.text


class FailingListener:
    """A listener that fails as nobody foresaw."""

    name = "odd"

    async def sees(self, _: Collection[Prefix]) -> Mapping[Prefix, Collection[Asn]]:
        raise RuntimeError("nobody foresaw this")

    async def feeds(self) -> object:
        raise asyncio.CancelledError  # as where a connection is closed under a call


class WellListener:
    """A listener that sees nothing."""

    name = "well"

    async def sees(self, _: Collection[Prefix]) -> Mapping[Prefix, Collection[Asn]]:
        return {}

    async def feeds(self) -> object:
        return ()


async def test_what_nobody_foresaw_of_a_listener_is_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    observe = ObserveRoutes([FailingListener(), WellListener()])  # type: ignore[list-item]
    assert set((await observe.heard([Prefix.parse("31.0.0.0/24")])).heard) == {"well"}
    assert set(await observe.feeds()) == {"well"}
    assert "nobody foresaw this" in caplog.text


async def test_a_task_that_fails_begins_again_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    began: list[float] = []

    async def work() -> None:
        began.append(asyncio.get_running_loop().time())
        if len(began) < 4:
            raise RuntimeError("nobody foresaw this")

    await supervised("The work", work, pause=0.02)
    pauses = [after - before for before, after in pairwise(began)]
    assert all(map(ge, pauses, (0.02, 0.04, 0.08))), pauses
    assert sum("nobody foresaw this" in str(one.exc_info) for one in caplog.records) == 3


async def test_one_that_was_cancelled_does_not_begin_again() -> None:
    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("a fault takes the cancellation's place")

    task = asyncio.create_task(supervised("The work", work, pause=60))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await end([task], seconds=5)
    assert task.done()
    assert isinstance(task.exception(), RuntimeError)


async def test_one_that_does_not_end_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    going = True

    async def deaf() -> None:
        while going:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(60):
            await end([task], seconds=0.1)
    assert "does not end" in caplog.text
    going = False
    await task
