"""Routes 1.2: looks from outside come slowly while all is well, and more so if nothing changes."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from byoip.ports.speakers.speaker import Speaker
from byoip.ports.steady_clock import boottime
from byoip.store.autocommit import autocommit_pool
from byoip.worker.pace import Pace
from byoip.worker.watching import Watcher, _Term
from tests.announcing import Fleet, listener, speaker, until
from tests.fakes.speaker import FakeListener

EVERY, TOOK = timedelta(seconds=0.1), 0.3
PACE = Pace(every=EVERY, rest=4.0)  # four times what a look takes, or sixteen


@dataclass
class Looks:
    """When each look began; nothing is wrong."""

    began: list[float] = field(default_factory=list)
    calm: bool = True
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, speakers: Collection[Speaker]) -> None:
        assert not speakers
        self.began.append(boottime())
        await asyncio.sleep(TOOK)
        await self.goes_on.wait()


async def pause(
    fleet: Fleet, *ears: FakeListener, then: Callable[[], Awaitable[object]] | None = None
) -> tuple[float, int]:
    """From one look to the next, by what a look takes, and in how many steps.

    `then` happens after the first one has begun.
    """
    unused: Any = None
    watch: Any = SimpleNamespace(pool=autocommit_pool(fleet.engine))
    parts = Watcher(unused, fleet.routes, fleet.store, (), unused, ears, PACE)
    term: Any = _Term(parts, watch)
    term._monitor = looks = Looks()
    steps, called_for = 0, term._called_for

    async def counted() -> bool:
        nonlocal steps
        steps += 1
        found: bool = await called_for()
        return found

    term._called_for = counted
    task = asyncio.create_task(term._look())
    try:
        await until(lambda: len(looks.began) == 1)
        if then:
            await then()
        looks.goes_on.set()
        await until(lambda: len(looks.began) == 2)
    finally:
        task.cancel()
    return (looks.began[1] - looks.began[0]) / TOOK, steps


async def comes_soon(fleet: Fleet, *ears: FakeListener, **more: Any) -> bool:
    times, steps = await pause(fleet, *ears, **more)
    return times >= 4 and steps == 1


async def test_while_no_owner_changes_anything_they_come_a_fourth_as_often(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24")
    ear = listener(speaker("one"))
    times, steps = await pause(fleet, ear)
    assert times >= 16
    assert steps >= 4
    assert await comes_soon(fleet, ear, then=lambda: fleet.announce(prefix))
    assert await comes_soon(fleet), "nobody counts what is seen"


async def test_a_look_follows_what_was_settled_after_the_last_one_began(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24")
    await fleet.announce(prefix)
    ((unsettled, _),) = await fleet.routes.unsettled()

    async def settle() -> None:
        await fleet.routes.settle([unsettled])

    assert await comes_soon(fleet, listener(speaker("one")), then=settle)
