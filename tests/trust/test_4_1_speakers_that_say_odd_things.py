"""Trust 4.1, the whole kind: what one speaker says stops no other, and not the process."""

from collections.abc import Callable

import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.announcing import Fleet, reconciling, speaker, until
from tests.real.gobgpd import Peering, gobgpd
from tests.trust.hostile_gobgpd import HostileGobgpd, served

STRANGE = "two"
NUL = "a\0b"


def _holding(*attributes: Message) -> pb.Destination:
    packed = []
    for one in attributes:
        packed.append(Packed())
        packed[-1].Pack(one)
    path = pb.Path(pattrs=packed, neighbor_ip="<nil>")
    return pb.Destination(prefix="198.51.100.0/24", paths=[path])


def _neighbour(address: str, restart_seconds: int = 0) -> pb.ListPeerResponse:
    graceful = pb.GracefulRestart(enabled=True, restart_time=restart_seconds)
    conf = pb.PeerConf(neighbor_address=address, peer_asn=64501)
    up = pb.PeerState(session_state=pb.PeerState.ESTABLISHED)
    return pb.ListPeerResponse(peer=pb.Peer(conf=conf, state=up, graceful_restart=graceful))


def refuses_with_nul(strange: HostileGobgpd) -> None:
    strange.faults["GetBgp"] = NUL


def refuses_later_with_nul(strange: HostileGobgpd) -> None:
    strange.faults["ListPeer"] = NUL


def refuses_a_policy_with_nul(strange: HostileGobgpd) -> None:
    strange.faults["AddPolicy"] = NUL


def names_a_neighbour_with_nul(strange: HostileGobgpd) -> None:
    strange.says("ListPeer", _neighbour(f"fe80::1%{NUL}"))


def names_a_neighbour_with_a_long_zone(strange: HostileGobgpd) -> None:
    strange.says("ListPeer", _neighbour(f"fe80::1%{'x' * 100_000}"))


def restarts_for_an_age(strange: HostileGobgpd) -> None:
    strange.says("ListPeer", _neighbour("127.0.0.9", restart_seconds=2**32 - 1))


def holds_a_next_hop_with_nul(strange: HostileGobgpd) -> None:
    strange.lists(_holding(pb.NextHopAttribute(next_hop=f"fe80::1%{NUL}")))


@pytest.mark.parametrize(
    "says",
    [
        refuses_with_nul,
        refuses_later_with_nul,
        refuses_a_policy_with_nul,
        names_a_neighbour_with_nul,
        names_a_neighbour_with_a_long_zone,
        restarts_for_an_age,
        holds_a_next_hop_with_nul,
    ],
)
async def test_another_speaker_gets_its_routes(
    fleet: Fleet, says: Callable[[HostileGobgpd], None]
) -> None:
    strange, one = HostileGobgpd(), speaker("one")
    says(strange)
    first, second = await fleet.add("31.0.0.0/24", "31.0.1.0/24")

    async def noted() -> bool:
        return bool(await fleet.ask("SELECT FROM speakers WHERE name = :name", name=STRANGE))

    async with served(strange, STRANGE) as two, reconciling(fleet, one, two, stages=[1, 2]):
        await fleet.announce(first)
        await until(noted)
        await fleet.announce(second)
        await until(lambda: set(one.paths) == {first, second})


async def test_what_cannot_be_kept_is_the_speakers_fault_alone(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker(STRANGE)
    await fleet.do("ALTER TABLE speakers ADD held_small smallint")
    await fleet.do(REFUSING)
    await fleet.do(
        "CREATE TRIGGER refusing BEFORE INSERT OR UPDATE ON speakers FOR EACH ROW"
        " WHEN (NEW.name = 'two' AND NEW.alive) EXECUTE FUNCTION refusing()"
    )
    (first,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, two, stages=[1, 2]):
        await fleet.announce(first)
        await until(lambda: first in one.paths)

        async def down() -> bool:
            return STRANGE in await fleet.alarms("speaker_down")

        await until(down)


REFUSING = """
    CREATE FUNCTION refusing() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.held_small := 100000; RETURN NEW; END $$
"""


async def test_attributes_longer_than_a_message_are_not_read() -> None:
    strange = HostileGobgpd()
    long = pb.AsSegment(type=pb.AsSegment.AS_SEQUENCE, numbers=[1] * 5000)
    strange.lists(_holding(pb.AsPathAttribute(segments=[long])))
    async with served(strange, STRANGE) as two:
        (path,) = await two.held()
    assert path.as_path == (), "it equals none that we announce"


async def test_a_listing_has_a_size() -> None:
    strange = HostileGobgpd()
    large = _holding(pb.CommunitiesAttribute(communities=range(200_000)))
    strange.lists(*[large] * 400)  # 240 MB
    async with served(strange, STRANGE) as two:
        with pytest.raises(SpeakerUnanswered, match="bytes"):
            await two.held()


async def test_neighbours_in_another_order_are_the_same() -> None:
    """A look at them each second would else be a look at all routes each second."""
    strange = HostileGobgpd()
    one, two = _neighbour("127.0.0.8"), _neighbour("127.0.0.9")
    async with served(strange, STRANGE) as speaker_:
        strange.says("ListPeer", one, two)
        before = await speaker_.neighbours()
        strange.says("ListPeer", two, one)
        assert await speaker_.neighbours() == before


@pytest.mark.real
async def test_a_real_gobgpd_lists_its_neighbours_in_any_order() -> None:
    peers = [Peering(f"127.0.0.{80 + number}", 64501) for number in range(8)]
    with gobgpd(address="127.0.0.71", asn=64500, neighbours=peers) as running:
        asked = GobgpSpeaker(STRANGE, running.target)

        async def all_are_there() -> bool:  # it begins with some of them
            return len(await asked.neighbours()) == len(peers)

        await until(all_are_there)
        found = {tuple(one.address for one in await asked.neighbours()) for _ in range(50)}
        await asked.close()
    assert found == {tuple(one.address for one in peers)}
