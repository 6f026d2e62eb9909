"""Routes 4.2: a speaker that restarted is listed once after it was told, and then comes up.

What it holds is compared with all that its peers may have before any session comes up. That it
still holds what the list said is asked just before, of each session, and costs no list.
"""

from collections.abc import Collection, Sequence
from math import inf

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Family, Prefix
from byoip.ports.speakers.speaker import Neighbour
from tests.announcing import OURS, PEER, Fleet, path, reconciling, until
from tests.fakes.speaker import FakeSpeaker
from tests.worker.waits import dead

PEERS = (PEER, "127.0.0.3", "127.0.0.4")
MANY = 20
STRANGE = [Prefix.parse(f"32.0.{one}.0/24") for one in range(MANY)]


class Changing(FakeSpeaker):
    """Once its probe was seen it does what it was told to do, once; notes with what it came up."""

    does = "nothing"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.came_up_with: list[set[Prefix]] = []

    async def takes_ours(self, families: Collection[Family], *, until: float = inf) -> bool:
        taken = await super().takes_ours(families, until=until)
        does, self.does = self.does, "nothing"
        if does == "loses one":
            self.lose(next(iter(self.paths)))
        elif does == "restarts, and holds as many others":
            self.kill()
            self.start()
            self.put(*map(path, STRANGE))
        return taken

    async def enable(self, address: str, *, until: float = inf) -> None:
        self.came_up_with.append(set(self.paths))
        await super().enable(address, until=until)


def changing() -> Changing:
    return Changing("one", OURS, [Neighbour(one, Asn(64501), False, False) for one in PEERS])  # noqa: FBT003


async def restarted(fleet: Fleet, one: Changing, does: str) -> Sequence[Prefix]:
    """Have it up with many routes, kill it, and return once it is up again."""
    prefixes = await fleet.add(*(f"31.0.{number}.0/24" for number in range(MANY)), advertised=True)
    async with reconciling(fleet, one):
        await until(lambda: all(one.feeds(peer) for peer in PEERS))
        await until(fleet.settled)
        one.kill()
        await until(lambda: dead(fleet, "one"))  # a look that is under way has ended
        one.came_up_with.clear()
        one.asked.clear()
        one.does = does
        one.start()
        await until(lambda: all(one.feeds(peer) for peer in PEERS))
    return prefixes


async def test_it_comes_up_after_one_list_of_what_it_took(fleet: Fleet) -> None:
    one = changing()
    await restarted(fleet, one, "nothing")
    asked = [method for method, _ in one.asked]
    until_up = asked[: len(asked) - asked[::-1].index("enable")]
    assert [until_up.count(each) for each in ("held", "held_of", "enable")] == [1, 1, len(PEERS)]


@pytest.mark.parametrize("does", ["loses one", "restarts, and holds as many others"])
async def test_what_it_loses_after_that_is_noticed_before_a_session_comes_up(
    fleet: Fleet, does: str
) -> None:
    one = changing()
    prefixes = await restarted(fleet, one, does)
    assert all(with_all >= {*prefixes} for with_all in one.came_up_with)
    assert len(one.came_up_with) == len(PEERS)
