"""Trust 4.1, the whole kind: a speaker that names neighbours without end counts as silent.

There is a word of each neighbour about each route: what a speaker names was kept in memory, in a
table and in metrics, for neighbours that were there at a single look, too.
"""

import pytest

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.speakers import gobgp_speaker
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.announcing import Fleet, reconciling, speaker, until
from tests.trust.hostile_gobgpd import HostileGobgpd, served

STRANGE = "two"
MOST = 500


def _neighbours(first: int, many: int) -> list[pb.ListPeerResponse]:
    up = pb.PeerState(session_state=pb.PeerState.ESTABLISHED)
    return [
        pb.ListPeerResponse(
            peer=pb.Peer(
                conf=pb.PeerConf(neighbor_address=f"2001:db8::{one:x}", peer_asn=64501), state=up
            )
        )
        for one in range(first, first + many)
    ]


async def test_as_many_as_there_may_be_are_read() -> None:
    strange = HostileGobgpd()
    strange.says("ListPeer", *_neighbours(1, MOST))
    async with served(strange, STRANGE) as two:
        assert len(await two.neighbours()) == MOST
        assert len(await two.neighbours()) == MOST


async def test_more_are_not_read_to_their_end() -> None:
    strange = HostileGobgpd()
    strange.says("ListPeer", *_neighbours(1, 20_000))
    async with served(strange, STRANGE) as two:
        with pytest.raises(SpeakerUnanswered, match="more than 500"):
            await two.neighbours()
        assert len(await two._calls.list_peers(MOST)) == MOST + 1
        strange.says("ListPeer", *_neighbours(1, 3))
        assert len(await two.neighbours()) == 3  # it is heard again


async def test_others_at_each_look_are_as_many() -> None:
    strange = HostileGobgpd()
    async with served(strange, STRANGE) as two:
        for look in range(5):
            strange.says("ListPeer", *_neighbours(100 * look + 1, 100))
            assert len(await two.neighbours()) == 100
        strange.says("ListPeer", *_neighbours(1, 100))
        assert len(await two.neighbours()) == 100
        strange.says("ListPeer", *_neighbours(MOST + 1, 1))
        with pytest.raises(SpeakerUnanswered, match="other neighbours"):
            await two.neighbours()


async def test_they_fill_no_table(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gobgp_speaker, "_MOST_NEIGHBOURS", 10)
    strange, one = HostileGobgpd(), speaker("one")
    (prefix,) = await fleet.add("31.0.0.0/24")
    looks = 0

    async def kept() -> int:
        nonlocal looks
        looks += 1
        strange.says("ListPeer", *_neighbours(10 * looks, 10))
        [(many,)] = await fleet.ask(
            "SELECT count(*) FROM observed_routes WHERE seen_by LIKE 'two to %'"
        )
        return int(many)

    strange.says("ListPeer", *_neighbours(1, 5))
    async with served(strange, STRANGE) as two, reconciling(fleet, one, two, stages=[1, 2]):
        await fleet.announce(prefix)

        async def down() -> bool:
            assert await kept() <= 20  # the leader's, and the watcher's
            return STRANGE in await fleet.alarms("speaker_down")

        await until(down)
