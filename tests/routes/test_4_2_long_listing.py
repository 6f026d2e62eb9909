"""Routes 4.2: a speaker may take long to list very many routes, as long as they keep coming."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
import grpc.aio
import pytest

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.grpc_server import serving

DEADLINE = 1.0


@dataclass
class Slow:
    """A gRPC server in GoBGP's place that pauses after each route."""

    pause: float = 0.2
    routes: int = 10

    async def list_paths(
        self, request: bytes, _: "grpc.aio.ServicerContext[bytes, bytes]"
    ) -> AsyncIterator[bytes]:
        if pb.ListPathRequest.FromString(request).family.afi != pb.Family.AFI_IP:
            return
        for number in range(self.routes):
            prefix = f"198.51.{number}.0/24"
            ours = pb.Path(neighbor_ip="<nil>")
            listed = pb.Destination(prefix=prefix, paths=[ours])
            yield pb.ListPathResponse(destination=listed).SerializeToString()
            await asyncio.sleep(self.pause)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
async def speaker(slow: Slow) -> AsyncIterator[GobgpSpeaker]:
    async with serving(
        {"ListPath": grpc.unary_stream_rpc_method_handler(slow.list_paths)}
    ) as target:
        speaker = GobgpSpeaker("one", target, deadline=DEADLINE, most_paths=20_000)
        yield speaker
        await speaker.close()


async def test_a_listing_that_goes_on_may_take_longer_than_the_deadline(
    slow: Slow, speaker: GobgpSpeaker
) -> None:
    assert slow.routes * slow.pause > DEADLINE
    assert len(await speaker.held()) == slow.routes


async def test_one_that_falls_silent_is_no_answer(slow: Slow, speaker: GobgpSpeaker) -> None:
    slow.pause = 60.0
    async with asyncio.timeout(40):
        with pytest.raises(SpeakerUnanswered, match="no answer in time"):
            await speaker.held()


async def test_one_without_an_end_is_none_either(slow: Slow, speaker: GobgpSpeaker) -> None:
    slow.routes = 250
    async with asyncio.timeout(60):
        with pytest.raises(SpeakerUnanswered, match="DEADLINE_EXCEEDED"):
            await speaker.held()
