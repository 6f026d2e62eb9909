"""Routes 4.2: no change waits for a listener that hangs, where another one can tell."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.usecases.speakers.observe import ObserveRoutes
from byoip.worker.pace import Pace
from tests.announcing import Fleet, listener, path, reconciling, speaker, until
from tests.fakes.speaker import FakeListener
from tests.real.bird_router import bird_router
from tests.real.edge import running_edge
from tests.routes.judging import FLAWLESS, Judge

CHANGES = 10


@dataclass
class Hanging(FakeListener):
    """Does not answer until it goes on; counts how often it was asked."""

    asked: int = 0
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def sees(self, prefixes: Collection[Prefix]) -> Mapping[Prefix, Collection[Asn]]:
        self.asked += 1
        await self.goes_on.wait()
        return await super().sees(prefixes)


async def test_one_that_is_late_is_asked_on_and_not_waited_for() -> None:
    one, prefix = speaker("one"), Prefix.parse("31.0.0.0/24")
    await one.enable("127.0.0.2")
    one.put(path(prefix))
    ear, hung = listener(one), Hanging([one], name="hung")
    hung.listen([prefix])
    observe = ObserveRoutes([ear, hung], seconds=0.2)
    for _ in range(20):
        assert (await observe.heard([prefix])).heard.keys() == {ear.name}
    assert hung.asked == 1
    hung.trouble = True  # its own deadline, say
    hung.goes_on.set()
    await asyncio.sleep(0)
    for _ in range(3):
        assert (await observe.heard([prefix])).heard.keys() == {ear.name}
    hung.trouble = False

    async def both_are_heard() -> bool:
        return len((await observe.heard([prefix])).heard) == 2

    await until(both_are_heard)


async def test_changes_travel_while_a_listener_hangs(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    hung = Hanging([one, two], name="hung")
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, two, listeners=[listener(one, two), hung]):
        for _ in range(CHANGES):
            await fleet.announce(prefix)
            await until(fleet.settled)
            await fleet.withdraw(prefix)
            await until(fleet.settled)
        assert hung.asked < CHANGES  # of four looks for each change


class Counted(BirdListener):
    """Counts how often it was asked."""

    asked = 0

    async def sees(self, prefixes: Collection[Prefix]) -> Mapping[Prefix, Collection[Asn]]:
        self.asked += 1
        return await super().sees(prefixes)


@pytest.mark.real
async def test_changes_travel_while_a_real_router_is_frozen(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with running_edge("one", "two") as edge:
        with bird_router(address="127.0.0.89", asn=64510, speakers=[]) as other:
            frozen = Counted("frozen", other.control, deadline=3600)
            other.suspend()
            both = [edge.listener, frozen]
            judge = Judge(fleet, edge)
            async with reconciling(fleet, *edge.speakers.values(), listeners=both, pace=Pace()):
                for _ in range(CHANGES):
                    await judge.announce(prefix)
                    await edge.until_seen(prefix)
                    await until(fleet.settled)
                    await judge.withdraw(prefix)
                    await until(fleet.settled)
                    assert not edge.router.shows(prefix)
                assert await judge.lists() == FLAWLESS
                assert frozen.asked < CHANGES  # once by each part that looks
            other.resume()
