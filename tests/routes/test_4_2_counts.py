"""Routes 4.2: between full listings a speaker's own count is compared with what it should hold."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import Neighbour, SpeakerUnanswered
from tests.announcing import OURS, PEER, Fleet, path, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.real.edge import running_edge
from tests.real.gobgpd import Peering, gobgpd
from tests.real.parts import Part, require
from tests.routes.judging import FLAWLESS, Judge, named
from tests.routes.table_peer import table_peer
from tests.routes.test_4_2_watched import CALM, SOON, Listed, applied_all, calm, is_orphan
from tests.trust.hostile_gobgpd import HostileGobgpd, served

SESSIONS = [Neighbour(PEER, Asn(64501), enabled=False, established=False)]
MOST = 2**64 - 1


class Deaf(FakeSpeaker):
    """Its stream of events stands, and says nothing of what changes."""

    async def surprises(self) -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()


@dataclass
class Odd(FakeSpeaker):
    """It counts otherwise than it holds."""

    says: Callable[[int], int] = int

    async def count(self) -> int:
        return self.says(await super().count())


async def test_what_came_and_went_without_an_event_is_noticed_by_the_count(fleet: Fleet) -> None:
    first, _ = await fleet.add("31.0.0.0/24", "2a00::/32", advertised=True)
    one = Deaf("one", OURS, SESSIONS)
    async with calm(fleet, one, Listed([one])):
        one.lose(first)
        await until(lambda: first in one.paths, seconds=SOON)


async def test_what_is_there_too_much_is_noticed_by_the_count(fleet: Fleet) -> None:
    await fleet.add("31.0.0.0/24", advertised=True)
    one, stranger = Deaf("one", OURS, SESSIONS), Prefix.parse("31.9.0.0/24")
    async with calm(fleet, one, Listed([one])):
        one.put(path(stranger))
        await until(lambda: is_orphan(fleet, stranger), seconds=SOON)


async def test_what_owners_change_is_counted_along(fleet: Fleet) -> None:
    """Announced, announced in another way, withdrawn: no reason to list all."""
    first, second = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await fleet.add("31.0.2.0/24", advertised=True)
    one = Deaf("one", OURS, SESSIONS)
    async with calm(fleet, one, Listed([one])):
        listed = one.calls("held")
        await fleet.announce(first, second)
        await until(lambda: {first, second} <= one.paths.keys())
        await fleet.announce(first, prepend=2)
        await until(lambda: one.paths[first] == path(first, 2))
        await fleet.withdraw(second)
        await until(lambda: second not in one.paths)
        await looked_at(one)
        assert one.calls("held") == listed


@pytest.mark.parametrize(
    "says",
    [lambda known: known + 1, lambda known: MOST - known, lambda _: -1, lambda _: id(object())],
    ids=["one more", "very many", "negative", "another one each time"],
)
async def test_a_count_that_differs_for_good_is_no_reason_to_list_all_the_time(
    fleet: Fleet, says: Callable[[int], int]
) -> None:
    (first,) = await fleet.add("31.0.0.0/24", advertised=True)
    one = Odd("one", OURS, SESSIONS, says=says)
    async with calm(fleet, one, Listed([one])):  # comes to rest
        listed = one.calls("held")
        await fleet.withdraw(first)
        await until(lambda: first not in one.paths)
        await asyncio.sleep(1)  # five looks
        assert one.calls("held") == listed
        assert await fleet.alarms("speaker_down") == set()


async def looked_at(one: FakeSpeaker, count: int = 3) -> None:
    """Return after so many more counts."""
    wanted = one.calls("count") + count
    await until(lambda: one.calls("count") >= wanted)


@dataclass
class Counting(HostileGobgpd):
    """Notes how often it was asked for its count."""

    counted: int = 0

    async def _said(self, method: str, context: Any) -> Sequence[bytes]:
        self.counted += method == "GetTable"
        return await super()._said(method, context)


def refuses(strange: HostileGobgpd) -> None:
    strange.faults["GetTable"] = "a\0b"


def babbles(strange: HostileGobgpd) -> None:
    strange.answers["GetTable"] = [b"\xff\xff\xff"]


def counts_very_many(strange: HostileGobgpd) -> None:
    strange.says("GetTable", pb.GetTableResponse(num_destination=MOST))


@pytest.mark.parametrize("does", [refuses, babbles, counts_very_many])
async def test_whatever_it_answers_it_stays_in_service(
    fleet: Fleet, does: Callable[[HostileGobgpd], None], caplog: pytest.LogCaptureFixture
) -> None:
    strange, one = Counting(), speaker("one")
    does(strange)
    (first,) = await fleet.add("31.0.0.0/24")
    async with served(strange, "two") as two, reconciling(fleet, one, two, pace=CALM):
        await until(lambda: strange.counted >= 1)
        await looked_at(one)
        await fleet.announce(first)
        await until(lambda: first in one.paths)
    assert "does not answer" not in caplog.text


async def test_one_that_knows_no_such_call_has_no_count() -> None:
    class Older(HostileGobgpd):
        @property
        def handlers(self) -> dict[str, Any]:
            return {name: one for name, one in super().handlers.items() if name != "GetTable"}

    async with served(Older(), "one") as one:
        with pytest.raises(SpeakerUnanswered, match="UNIMPLEMENTED"):
            await one.count()


class DeafGobgp(GobgpSpeaker):
    """A real one, of whose events we hear only that they can be heard."""

    async def surprises(self) -> AsyncIterator[None]:
        async for _ in super().surprises():
            yield
            await asyncio.Event().wait()


@pytest.mark.real
async def test_a_real_speaker_whose_events_are_lost_gets_its_route_back(fleet: Fleet) -> None:
    prefixes = await fleet.add("31.0.0.0/24", "2001:db8:31::/48", advertised=True)
    async with running_edge("one") as edge:
        target = edge.daemons["one"].target
        one, another = DeafGobgp("one", target), GobgpSpeaker("another", target)
        judge = Judge(fleet, edge)
        judge.have_announced(*prefixes)
        async with reconciling(fleet, one, pace=replace(CALM, probe=0.25)):
            await edge.until_seen(*prefixes)
            await until(lambda: applied_all(fleet, 2))
            await asyncio.sleep(2)  # the second full sync of the term is over
            await another.withdraw([path(prefixes[1])])
            await edge.until_gone(prefixes[1])
            await edge.until_seen(*prefixes)
        lost = {"lost": [str(prefixes[1])]}  # by another client
        assert named(await judge.lists()) == FLAWLESS | lost
        await another.close()
        await one.close()


@pytest.mark.real
async def test_a_real_speaker_counts_what_it_accepts_of_neighbours_and_nothing_else() -> None:
    require(Part.GOBGP, Part.BIRD)
    peering = Peering("127.0.0.64", 64510)
    with (
        gobgpd(address="127.0.0.63", asn=64500, neighbours=[peering], guarded=False) as daemon,
        table_peer(daemon, address="127.0.0.64", asn=64510, many=100) as peer,
    ):
        one = GobgpSpeaker("one", daemon.target)
        await until(lambda: peer.sent(100))
        await one.announce([path(Prefix.parse("31.0.0.0/24")), path(Prefix.parse("2a00::/32"))])
        assert await one.count() == 102
        await one.close_imports()

        async def only_ours() -> bool:
            return await one.count() == 2

        await until(only_ours)
        await one.close()
