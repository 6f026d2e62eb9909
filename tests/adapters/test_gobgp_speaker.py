"""What only the adapter for GoBGP promises: its stubs, its limits, and odd answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_network
from pathlib import Path as FilePath

import grpc
import grpc.aio
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.paths import to_message
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Community, Path
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests import gobgp_stubs
from tests.grpc_server import serving

ORIGIN = Asn(4200000001)
V4 = Path(Prefix.parse("198.51.100.0/24"), (ORIGIN,), IPv4Address("192.0.2.1"))


def test_the_committed_stubs_are_what_protoc_makes(tmp_path: FilePath) -> None:
    gobgp_stubs.generate(tmp_path)
    for stub in gobgp_stubs.GENERATED:
        committed = FilePath(gobgp_stubs.SOURCES, stub).read_text()
        assert committed == (tmp_path / stub).read_text(), "python -m tests.regenerate"


def test_there_is_no_call_that_could_delete_every_route() -> None:
    service = pb.DESCRIPTOR.services_by_name["GobgpApi"]
    assert service.full_name == "apipb.GobgpApi"
    assert set(service.methods_by_name) == {
        "GetBgp",
        "ListPeer",
        "EnablePeer",
        "DisablePeer",
        "ListPath",
        "GetTable",
        "AddPathStream",
        "ListDefinedSet",
        "AddDefinedSet",
        "ListPolicy",
        "AddPolicy",
        "ListPolicyAssignment",
        "AddPolicyAssignment",
        "DeletePolicyAssignment",
        "ResetPeer",
        "WatchEvent",
    }
    deleting = {name for name in pb.DESCRIPTOR.message_types_by_name if "Delete" in name}
    assert deleting == {"DeletePolicyAssignmentRequest"}


def test_a_prefix_has_no_host_bits_for_gobgp_to_cut_off() -> None:
    with pytest.raises(ValueError, match="host bits"):
        Prefix(ip_network("198.51.100.1/24"))


@dataclass
class Gobgp:
    """A gRPC server in GoBGP's place that answers what it is told, raw."""

    answers: dict[str, Sequence[bytes]] = field(default_factory=dict)
    received: list[pb.AddPathStreamRequest] = field(default_factory=list)
    asked: list[pb.ListPathRequest] = field(default_factory=list)

    def lists(self, method: str, *messages: Message) -> None:
        self.answers[method] = [message.SerializeToString() for message in messages]

    async def one(self, _: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        del context
        return self.answers["GetBgp"][0]

    async def peers(
        self, _: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]"
    ) -> AsyncIterator[bytes]:
        del context
        for answer in self.answers.get("ListPeer", ()):
            yield answer

    async def list_paths(
        self, request: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]"
    ) -> AsyncIterator[bytes]:
        del context
        self.asked.append(pb.ListPathRequest.FromString(request))
        if self.asked[-1].family.afi == pb.Family.AFI_IP:
            for answer in self.answers.get("ListPath", ()):
                yield answer

    async def add_paths(
        self, requests: AsyncIterator[bytes], context: "grpc.aio.ServicerContext[bytes, bytes]"
    ) -> bytes:
        del context
        async for request in requests:
            self.received.append(pb.AddPathStreamRequest.FromString(request))
        return Empty().SerializeToString()


@pytest.fixture
def gobgp() -> Gobgp:
    return Gobgp()


@pytest.fixture
async def speaker(gobgp: Gobgp) -> AsyncIterator[GobgpSpeaker]:
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "GetBgp": grpc.unary_unary_rpc_method_handler(gobgp.one),
        "ListPeer": grpc.unary_stream_rpc_method_handler(gobgp.peers),
        "ListPath": grpc.unary_stream_rpc_method_handler(gobgp.list_paths),
        "AddPathStream": grpc.stream_unary_rpc_method_handler(gobgp.add_paths),
    }
    async with serving(handlers) as target:
        speaker = GobgpSpeaker("one", target, deadline=30, most_paths=3)
        yield speaker
        await speaker.close()


def listed(prefix: str, *attributes: Message, neighbour: str = "<nil>") -> pb.ListPathResponse:
    packed = []
    for attribute in attributes:
        packed.append(Packed())
        packed[-1].Pack(attribute)
    path = pb.Path(pattrs=packed, neighbor_ip=neighbour)
    return pb.ListPathResponse(destination=pb.Destination(prefix=prefix, paths=[path]))


async def test_every_path_sent_stands_for_itself(gobgp: Gobgp, speaker: GobgpSpeaker) -> None:
    await speaker.announce([V4])
    await speaker.withdraw([V4])
    await speaker.announce([])
    await speaker.withdraw([])
    added, taken = gobgp.received
    assert [path.is_withdraw for path in added.paths] == [False]
    assert [path.is_withdraw for path in taken.paths] == [True]
    nlri = pb.IPAddressPrefix.FromString(taken.paths[0].nlri.value)
    assert (nlri.prefix, nlri.prefix_len) == ("198.51.100.0", 24)


async def test_many_go_in_batches(gobgp: Gobgp, speaker: GobgpSpeaker) -> None:
    await speaker.announce([V4] * 1200)
    assert [len(batch.paths) for batch in gobgp.received] == [500, 500, 200]


async def test_what_came_from_a_neighbour_is_not_held(gobgp: Gobgp, speaker: GobgpSpeaker) -> None:
    theirs = listed("203.0.113.0/24", pb.NextHopAttribute(next_hop="192.0.2.9"), neighbour="::1")
    own = pb.ListPathResponse(
        destination=pb.Destination(prefix="198.51.100.0/24", paths=[to_message(V4)])
    )
    own.destination.paths[0].neighbor_ip = "<nil>"
    gobgp.lists("ListPath", theirs, own)
    assert list(await speaker.held()) == [V4]


async def test_attributes_that_we_do_not_know_are_passed_over(
    gobgp: Gobgp, speaker: GobgpSpeaker
) -> None:
    answer = listed(
        "198.51.100.0/24",
        pb.AsPathAttribute(segments=[pb.AsSegment(type=pb.AsSegment.AS_SET, numbers=[1, 2])]),
        pb.CommunitiesAttribute(communities=[0xFFFF0000]),
    )
    unknown = answer.destination.paths[0].pattrs.add()
    unknown.type_url, unknown.value = "type.googleapis.com/apipb.LargeCommunitiesAttribute", b"\xff"
    gobgp.lists("ListPath", answer)
    (path,) = await speaker.held()
    assert path == Path(
        V4.prefix, (Asn(1), Asn(2)), IPv4Address("0.0.0.0"), frozenset({Community(65535, 0)})
    )


def own(path: Path) -> pb.ListPathResponse:
    message = to_message(path)
    message.neighbor_ip = "<nil>"
    return pb.ListPathResponse(destination=pb.Destination(prefix=str(path.prefix), paths=[message]))


async def test_a_path_that_cannot_be_read_is_held_and_none_of_ours(
    gobgp: Gobgp, speaker: GobgpSpeaker, caplog: pytest.LogCaptureFixture
) -> None:
    odd = listed("203.0.113.0/24", pb.NextHopAttribute(next_hop="nowhere"))
    gobgp.lists("ListPath", odd, own(V4))
    stranger = Path(Prefix.parse("203.0.113.0/24"), (), IPv4Address("0.0.0.0"))
    assert list(await speaker.held()) == [stranger, V4]
    assert "203.0.113.0/24" in caplog.text


@pytest.mark.parametrize(
    "destination",
    ["198.51.100.0", "198.51.100.1/24", "[type:1][rd:1:1]"],
    ids=["no length", "host bits", "no prefix"],
)
async def test_a_destination_that_cannot_be_read_is_left_out_and_logged(
    gobgp: Gobgp, speaker: GobgpSpeaker, caplog: pytest.LogCaptureFixture, destination: str
) -> None:
    gobgp.lists("ListPath", listed(destination), own(V4))
    assert list(await speaker.held()) == [V4]
    assert destination in caplog.text


async def test_where_nothing_can_be_read_there_is_no_answer(
    gobgp: Gobgp, speaker: GobgpSpeaker
) -> None:
    gobgp.lists("ListPath", listed("[type:1][rd:1:1]"), listed("nonsense"))
    with pytest.raises(SpeakerUnanswered, match="odd paths only"):
        await speaker.held()


async def test_bytes_that_are_no_message_are_no_answer(gobgp: Gobgp, speaker: GobgpSpeaker) -> None:
    gobgp.answers = {"ListPath": [b"\xff\xff"], "GetBgp": [b"\xff\xff"], "ListPeer": [b"\xff"]}
    asking: list[Callable[[], Awaitable[object]]] = [
        speaker.held,
        speaker.local_as,
        speaker.neighbours,
    ]
    for ask in asking:
        with pytest.raises(SpeakerUnanswered):
            await ask()


async def test_more_paths_than_allowed_are_no_answer(gobgp: Gobgp, speaker: GobgpSpeaker) -> None:
    gobgp.lists("ListPath", *[listed("198.51.100.0/24")] * 4)
    with pytest.raises(SpeakerUnanswered, match="more than 3"):
        await speaker.held()


async def test_a_message_larger_than_allowed_is_no_answer(
    gobgp: Gobgp, speaker: GobgpSpeaker
) -> None:
    huge = pb.AsPathAttribute(segments=[pb.AsSegment(numbers=range(2**20))])
    gobgp.lists("ListPath", listed("198.51.100.0/24", huge))
    with pytest.raises(SpeakerUnanswered, match="RESOURCE_EXHAUSTED"):
        await speaker.held()


async def test_a_gobgpd_without_bgp_has_no_as(gobgp: Gobgp, speaker: GobgpSpeaker) -> None:
    gobgp.lists("GetBgp", pb.GetBgpResponse())
    with pytest.raises(SpeakerUnanswered, match="not configured"):
        await speaker.local_as()


async def test_another_major_version_is_no_answer(speaker: GobgpSpeaker) -> None:
    with pytest.raises(SpeakerUnanswered, match="UNIMPLEMENTED"):
        await speaker.enable("127.0.0.2")


PEER_UP = pb.Peer(
    conf=pb.PeerConf(neighbor_address="127.0.0.2", peer_asn=64501),
    state=pb.PeerState(session_state=pb.PeerState.ESTABLISHED),
)


async def test_few_prefixes_are_named_and_many_are_not(gobgp: Gobgp, speaker: GobgpSpeaker) -> None:
    gobgp.lists("ListPeer", pb.ListPeerResponse(peer=PEER_UP))
    gobgp.lists("ListPath", listed("198.51.100.0/24"), listed("203.0.113.0/24"))
    assert await speaker.sent([V4.prefix]) == {"127.0.0.2": {V4.prefix}}
    assert [one.prefix for one in gobgp.asked[-1].prefixes] == ["198.51.100.0/24"]
    assert gobgp.asked[-1].name == "127.0.0.2"
    many = {Prefix.parse(f"198.{18 + i // 256}.{i % 256}.0/24") for i in range(512)}
    many |= {Prefix.parse(f"10.{i // 256}.{i % 256}.0/24") for i in range(512)}
    assert await speaker.sent({V4.prefix, *many}) == {"127.0.0.2": {V4.prefix}}
    assert list(gobgp.asked[-1].prefixes) == []
    assert len(gobgp.asked) == 3, "no question about a family that was not asked for"


async def test_what_it_has_no_path_to_it_sends_to_no_peer(
    gobgp: Gobgp, speaker: GobgpSpeaker
) -> None:
    gobgp.lists("ListPeer", pb.ListPeerResponse(peer=PEER_UP))
    gobgp.lists("ListPath")
    assert await speaker.sent([V4.prefix]) == {"127.0.0.2": frozenset()}
    assert [one.table_type for one in gobgp.asked] == [pb.GLOBAL], "ADJ_OUT takes it long"


async def test_calls_at_the_same_time_do_not_disturb_each_other(
    gobgp: Gobgp, speaker: GobgpSpeaker
) -> None:
    gobgp.lists("GetBgp", pb.GetBgpResponse(bgp=pb.Global(asn=64500)))
    gobgp.lists("ListPath", *[listed("198.51.100.0/24")] * 4)
    answers = await asyncio.gather(
        speaker.local_as(), speaker.held(), speaker.announce([V4]), return_exceptions=True
    )
    assert answers[0] == Asn(64500)
    assert isinstance(answers[1], SpeakerUnanswered)
    assert answers[2] is None
    assert len(gobgp.received) == 1
