"""Routes 1.1: whatever a speaker is told, the call ends before the lease does that permits it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address

import grpc
import grpc.aio
import pytest
from google.protobuf.empty_pb2 import Empty

from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.leader_election import LeaderElection
from tests.announcing import LEASE, Fleet
from tests.grpc_server import serving

PATH = Path(Prefix.parse("198.51.100.0/24"), (), ip_address("192.0.2.1"))
PEER = "127.0.0.2"
LEFT = 2.0  # seconds of the lease
ROUNDED = 1.1  # gRPC rounds what it tells the other side
ONES = ("EnablePeer", "DisablePeer", "AddDefinedSet")

Telling = Callable[[GobgpSpeaker, float], Awaitable[None]]
TELLINGS: dict[str, Telling] = {
    "announce": lambda speaker, until: speaker.announce([PATH], until=until),
    "withdraw": lambda speaker, until: speaker.withdraw([PATH], until=until),
    "enable": lambda speaker, until: speaker.enable(PEER, until=until),
    "disable": lambda speaker, until: speaker.disable(PEER, until=until),
    "note": lambda speaker, until: speaker.note("x", until=until),
}


@dataclass
class Server:
    """In gobgpd's place; notes how many seconds each call has left when it comes."""

    left: list[float] = field(default_factory=list)

    async def one(self, _: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        return self._note(context)

    async def many(
        self, requests: AsyncIterator[bytes], context: "grpc.aio.ServicerContext[bytes, bytes]"
    ) -> bytes:
        async for _ in requests:
            pass
        return self._note(context)

    def _note(self, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        self.left.append(context.time_remaining())
        return Empty().SerializeToString()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def speaker(server: Server) -> AsyncIterator[GobgpSpeaker]:
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        **{name: grpc.unary_unary_rpc_method_handler(server.one) for name in ONES},
        "AddPathStream": grpc.stream_unary_rpc_method_handler(server.many),
    }
    async with serving(handlers) as target:
        made = GobgpSpeaker("one", target, deadline=60)
        yield made
        await made.close()


@pytest.mark.parametrize("telling", TELLINGS.values(), ids=TELLINGS)
async def test_a_call_has_no_longer_than_the_lease(
    server: Server, speaker: GobgpSpeaker, telling: Telling
) -> None:
    await telling(speaker, boottime() + LEFT)
    (left,) = server.left
    assert left <= LEFT * ROUNDED


@pytest.mark.parametrize("telling", TELLINGS.values(), ids=TELLINGS)
async def test_after_the_lease_nothing_is_sent(
    server: Server, speaker: GobgpSpeaker, telling: Telling
) -> None:
    with pytest.raises(SpeakerUnanswered, match="too late"):
        await telling(speaker, boottime())
    assert server.left == []


@pytest.mark.parametrize("permit", ["require", "standing"])
async def test_what_permits_a_call_has_it_end_before_the_lease(fleet: Fleet, permit: str) -> None:
    url = fleet.engine.url.render_as_string(hide_password=False)
    async with LeaderElection(url, LEASE).hold() as leadership:
        until: float = await getattr(leadership, permit)()
        now, lease = boottime(), leadership.lease
    assert until < lease.renewed_at + lease.seconds <= now + LEASE
