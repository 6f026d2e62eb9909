"""Places that parties share: who comes next, what share one has, and what is given back."""

import asyncio
from collections.abc import Hashable

import pytest

from byoip.ports.places import Party, Places

MOST = 4


class Room:
    """Places, and who took them, in order."""

    def __init__(self) -> None:
        self.places = Places(MOST)
        self.order: list[Hashable] = []

    async def come(self, whose: Hashable, seconds: float | None = None) -> None:
        await self.places.take(whose, seconds=seconds)
        self.order.append(whose)

    async def all_wait(self, *parties: Hashable) -> list[asyncio.Task[None]]:
        """Tasks for them, begun in this order."""
        tasks = [asyncio.create_task(self.come(one)) for one in parties]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return tasks

    async def leave(self, whose: Hashable) -> None:
        self.places.give_back(whose)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_a_party_alone_has_half_and_beside_others_less() -> None:
    room = Room()
    tasks = await room.all_wait(*"aaaa")
    assert room.order == ["a", "a"]
    tasks += await room.all_wait(*"bbbb")
    assert room.order == ["a", "a", "b"]
    await room.leave("b")
    assert room.order == ["a", "a", "b", "b"]  # "a" has more than its share
    for one in tasks:
        one.cancel()


async def test_who_has_none_comes_first_and_parties_take_turns() -> None:
    room = Room()
    tasks = await room.all_wait(*"abcd")
    tasks += await room.all_wait(*"aaabbbcccddd")
    assert room.order == list("abcd")
    tasks += await room.all_wait("e")
    await room.leave("b")
    assert room.order[4:] == ["e"]
    for one in "cad":
        await room.leave(one)
    assert room.order[5:] == list("bca")
    for task in tasks:
        task.cancel()


async def test_the_service_itself_has_no_share_and_waits_like_one_party() -> None:
    room = Room()
    tasks = await room.all_wait(*[Party.SERVICE] * (MOST + 2), "a", "b")
    assert room.order == [Party.SERVICE] * MOST
    for _ in range(4):
        await room.leave(Party.SERVICE)
    assert room.order[MOST:] == [Party.SERVICE, "a", "b", Party.SERVICE]
    await asyncio.gather(*tasks)


async def test_who_gives_up_leaves_nothing_behind() -> None:
    room = Room()
    await room.all_wait(*"abcd")
    with pytest.raises(TimeoutError):
        await room.come("e", seconds=0.01)
    (cancelled,) = await room.all_wait("f")
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    for one in "abcd":
        await room.leave(one)
    assert room.order == list("abcd")
    assert not room.places.held
    assert not room.places._waiting
    assert not room.places._without
    await room.all_wait(*"abcd")
    assert room.order == list("abcdabcd")


async def test_a_place_that_comes_as_one_gives_up_is_passed_on() -> None:
    room = Room()
    await room.all_wait(*"abcd")
    leaving, staying = await room.all_wait("e", "f")
    room.places.give_back("a")  # to "e", which has not run since
    leaving.cancel()
    await asyncio.gather(leaving, staying, return_exceptions=True)
    assert room.order == list("abcdf")
    assert room.places.held.total() == MOST


async def test_who_has_its_share_takes_no_free_place() -> None:
    places = Places(MOST)
    assert [places.take_free("a") for _ in range(3)] == [True, True, False]
    assert places.take_free("b")
    assert places.take_free(Party.SERVICE)
    assert not places.take_free("c")  # none is free
    places.give_back("a")
    assert places.take_free("c")


async def test_who_is_too_late_is_passed_over_and_the_next_of_its_party_is_not() -> None:
    room = Room()
    await room.all_wait(*"abcd")
    late = [asyncio.create_task(room.come("e", 0.01)) for _ in range(2)]
    (staying,) = await room.all_wait("e")
    assert [type(one) for one in await asyncio.gather(*late, return_exceptions=True)] == [
        TimeoutError,
        TimeoutError,
    ]
    await room.leave("a")
    await staying
    assert room.order == list("abcde")


async def test_all_of_a_party_that_are_too_late_at_once_leave_nothing_behind() -> None:
    room = Room()
    await room.all_wait(*"abcd")
    late = [asyncio.create_task(room.come("e", 0.01)) for _ in range(2)]
    await asyncio.gather(*late, return_exceptions=True)
    assert not room.places._waiting
    assert not room.places._without
