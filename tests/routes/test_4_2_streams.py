"""Routes 4.2: what a speaker says by the thousands is read in a thread that ends with the call."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

import grpc
import grpc.aio
import pytest
from google.protobuf.any_pb2 import Any as Packed

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.calls import GobgpCalls
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.announcing import until
from tests.grpc_server import serving

EVENTS = 5_000
MOST = 100


@dataclass
class Talking:
    """A gRPC server in GoBGP's place that tells of events, and then falls silent or ends."""

    events: int = EVENTS
    ends: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(
        self, _: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]"
    ) -> AsyncIterator[bytes]:
        del context
        try:
            for number in range(self.events):
                path = pb.Path(nlri=Packed(value=str(number).encode()))
                table = pb.WatchEventResponse.TableEvent(paths=[path])
                yield pb.WatchEventResponse(table=table).SerializeToString()
            await asyncio.sleep(0.5 if self.ends else 60)
        finally:
            self.gone.set()


@pytest.fixture
def talking() -> Talking:
    return Talking()


@pytest.fixture
async def target(talking: Talking) -> AsyncIterator[str]:
    async with serving(
        {"WatchEvent": grpc.unary_stream_rpc_method_handler(talking.watch)}
    ) as target:
        yield target


@pytest.fixture
async def calls(target: str) -> AsyncIterator[GobgpCalls]:
    calls = GobgpCalls("one", target, tls=None, deadline=30, most=10 * EVENTS)
    yield calls
    await calls.close()


async def numbers(calls: GobgpCalls, many: int, *, pause: float = 0) -> list[int]:
    seen: list[int] = []
    async with aclosing(
        calls.events("WatchEvent", pb.WatchEventRequest(), pb.WatchEventResponse)
    ) as events:
        async for event in events:
            seen.append(int(event.table.paths[0].nlri.value))
            if len(seen) == many:
                break
            await asyncio.sleep(pause if len(seen) == 1 else 0)
    return seen


async def test_4_2_all_that_comes_is_told_in_its_order(calls: GobgpCalls) -> None:
    assert await numbers(calls, EVENTS) == list(range(EVENTS))


async def test_4_2_with_the_last_that_listens_thread_and_call_end(
    talking: Talking, calls: GobgpCalls
) -> None:
    before = threading.active_count()
    assert await numbers(calls, 1) == [0]
    await talking.gone.wait()
    await until(lambda: threading.active_count() <= before)


async def test_4_2_one_that_is_cancelled_ends_too(talking: Talking, calls: GobgpCalls) -> None:
    listening = asyncio.create_task(numbers(calls, EVENTS + 1))
    await asyncio.sleep(0.5)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await talking.gone.wait()


async def test_4_2_what_comes_to_an_end_is_no_silence(talking: Talking, calls: GobgpCalls) -> None:
    talking.ends = True
    with pytest.raises(SpeakerUnanswered, match="has come to an end"):
        await numbers(calls, EVENTS + 1)


async def test_4_2_only_so_much_may_wait_here(target: str) -> None:
    calls = GobgpCalls("one", target, tls=None, deadline=30, most=MOST)
    with pytest.raises(SpeakerUnanswered, match=f"more than {MOST} messages"):
        await numbers(calls, EVENTS, pause=1)
