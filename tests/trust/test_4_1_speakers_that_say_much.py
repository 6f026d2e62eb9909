"""Trust, 4.1: what a speaker says in few bytes, and what is much in memory, is not kept."""

import asyncio
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Self, cast

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.paths import listed_by
from byoip.adapters.gobgp.streams import Question, told
from byoip.adapters.gobgp.surprises import Told
from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.trust.hostile_gobgpd import HostileGobgpd, served

STRANGE = "two"
CIDR = "198.51.100.0/24"
MANY = 100_000  # within 1 MB


def packed(message: pb.AsPathAttribute | pb.CommunitiesAttribute) -> Packed:
    made = Packed()
    made.Pack(message)
    return made


def many_paths() -> pb.Destination:
    return pb.Destination(prefix=CIDR, paths=[pb.Path()] * MANY)


def many_of_its_own() -> pb.Destination:
    return pb.Destination(prefix=CIDR, paths=[pb.Path(neighbor_ip="<nil>")] * 900)


def many_attributes() -> pb.Destination:
    path = pb.Path(neighbor_ip="<nil>", pattrs=[Packed()] * MANY)
    return pb.Destination(prefix=CIDR, paths=[path])


def a_long_path() -> pb.Destination:
    segment = pb.AsSegment(type=pb.AsSegment.AS_SEQUENCE, numbers=range(1, 1000))
    attribute = packed(pb.AsPathAttribute(segments=[segment]))
    return pb.Destination(prefix=CIDR, paths=[pb.Path(neighbor_ip="<nil>", pattrs=[attribute])])


def many_communities() -> pb.Destination:
    attribute = packed(pb.CommunitiesAttribute(communities=range(1000)))
    return pb.Destination(prefix=CIDR, paths=[pb.Path(neighbor_ip="<nil>", pattrs=[attribute])])


@pytest.mark.parametrize(
    "says", [many_paths, many_of_its_own, many_attributes, a_long_path, many_communities]
)
async def test_one_path_stands_for_what_is_more_than_a_path_has(
    says: Callable[[], pb.Destination],
) -> None:
    strange = HostileGobgpd()
    strange.lists(says())
    async with served(strange, STRANGE) as two:
        (path,) = await two.held()
    assert path.prefix == Prefix.parse(CIDR)
    assert (path.as_path, path.communities) == ((), frozenset()), "it equals none that we announce"


@pytest.mark.parametrize(
    "says", [many_paths, many_of_its_own, many_attributes, a_long_path, many_communities]
)
def test_what_is_kept_of_a_destination_is_a_few_kilobytes(
    says: Callable[[], pb.Destination],
) -> None:
    destination = says()
    kept = []
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(20):  # each is another one, for what is the same is remembered
            for one in destination.paths[:1]:
                one.pattrs.append(Packed(type_url=f"{number}"))
            kept.append(listed_by(pb.ListPathResponse(destination=destination).SerializeToString()))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < len(kept) * 10_000


async def test_lists_of_few_things_have_a_few_megabytes() -> None:
    strange = HostileGobgpd()
    large = pb.DefinedSet(name="byoip-note-a", list=["x" * MANY])
    strange.says("ListDefinedSet", *[pb.ListDefinedSetResponse(defined_set=large)] * 100)
    async with served(strange, STRANGE) as two:
        with pytest.raises(SpeakerUnanswered, match="bytes"):
            await two.notes()


def test_an_event_of_very_many_paths_is_a_surprise_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = 0

    def expected(*_: object) -> bool:
        nonlocal looked
        looked += 1
        return True

    monkeypatch.setattr(Told, "_expected", expected)
    table = pb.WatchEventResponse.TableEvent
    assert Told().surprised_by(pb.WatchEventResponse(table=table(paths=[pb.Path()] * MANY)))
    assert looked == 0
    assert not Told().surprised_by(pb.WatchEventResponse(table=table(paths=[pb.Path()] * 500)))
    assert looked == 500


class Babbling:
    """A channel on which messages come quicker than they are worked at."""

    MANY, SIZE = 2000, 10_000

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def unary_stream(self, _call: str) -> Callable[..., Iterator[bytes]]:
        return lambda *_, **__: iter([bytes(self.SIZE)] * self.MANY)


async def test_others_have_their_turn_while_events_come_without_end() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    connect = cast("Callable[[], grpc.Channel]", Babbling)
    asked = Question(connect, "WatchEvent", b"", most=10_000, most_bytes=2**30)
    running = asyncio.create_task(other())
    heard = []
    async for _ in told(asked):
        time.sleep(0.0001)  # noqa: ASYNC251 - the work at it, while the thread goes on
        heard.append(turns)
    running.cancel()
    assert len(heard) == Babbling.MANY
    assert heard[-1] - heard[0] > Babbling.MANY * Babbling.SIZE // 100_000
