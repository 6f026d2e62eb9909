"""Random owners, and speakers that fail, stall, lose answers and come back, against a model."""

import asyncio
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

import pytest

from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path
from byoip.domain.speakers.reconciliation import AppliedRoute
from tests.announcing import PEER, Fleet, listener, path, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker, Method, Trouble
from tests.seeds import seeds

STEPS = 60


@dataclass
class Model:
    """What owners asked for, and what went although none of them had."""

    prepends: dict[Prefix, int | None] = field(default_factory=dict)
    announced_at: dict[Prefix, float] = field(default_factory=dict)
    unasked: list[tuple[str, Prefix]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)  # speakers whose sessions came up without routes

    def gone(self, name: str, prefix: Prefix) -> None:
        """Wanted, and not just announced again while the call was under way: no owner asked."""
        if self.prepends[prefix] is None:
            return
        if time.monotonic() - self.announced_at.get(prefix, -math.inf) > 1:
            self.unasked.append((name, prefix))


@dataclass
class Watched(FakeSpeaker):
    """Tells the model of each path that it is told to withdraw.

    Attributes:
        restarts_before: the call before which it restarts, within a tenth of a second.
    """

    model: Model = field(default_factory=Model)
    restarts_before: Method | None = None

    async def _answer(
        self, method: Method, paths: Sequence[Path] = (), *, address: str = "", until: float = inf
    ) -> None:
        if method == self.restarts_before and self._alive:
            self.restarts_before = None
            self.kill()
            self.start()
        if method == "enable" and not self.paths:
            self.model.empty.append(self.name)
        await super()._answer(method, paths, address=address, until=until)

    def lose(self, *prefixes: Prefix) -> None:
        for prefix in prefixes:
            if prefix in self.paths:
                self.model.gone(self.name, prefix)
        super().lose(*prefixes)


@pytest.mark.parametrize("seed", seeds(2, soak=100))
async def test_nothing_goes_unasked_and_in_the_end_all_is_as_wanted(
    fleet: Fleet, seed: int
) -> None:
    dice, model = random.Random(seed), Model()  # noqa: S311 - dice
    speakers = [
        Watched(one.name, one.asn, one.sessions, model=model)
        for one in (speaker("one"), speaker("two"), speaker("three"))
    ]
    ear = listener(*speakers)
    prefixes = await fleet.add(*(f"31.0.{number}.0/24" for number in range(12)))
    model.prepends = dict.fromkeys(prefixes)
    async with reconciling(fleet, *speakers, listeners=[ear], stages=[1, 1, 2]):
        for _ in range(STEPS):
            await step(dice, fleet, model, dice.choice(prefixes))
            upset(dice, dice.choice(speakers))
            ear.trouble = dice.random() < 0.2
            await asyncio.sleep(dice.choice([0, 0, 0.01, 0.05, 0.2]))
            assert model.unasked == []
            assert model.empty == []
        heal(speakers)
        ear.trouble = False
        await until(lambda: all_as_wanted(fleet, model, speakers), seconds=60)
    assert model.unasked == []
    assert await fleet.ask("SELECT FROM orphan_routes") == []
    assert await fleet.ask("SELECT FROM withdrawals WHERE source <> 'request'") == []


async def step(dice: random.Random, fleet: Fleet, model: Model, prefix: Prefix) -> None:
    """An owner makes up their mind, or not."""
    announced = model.prepends[prefix]
    if announced is None:
        model.prepends[prefix] = dice.randrange(3)
        model.announced_at[prefix] = math.inf
        await fleet.announce(prefix, prepend=model.prepends[prefix] or 0)
        model.announced_at[prefix] = time.monotonic()
    elif dice.random() < 0.3:
        model.prepends[prefix] = (announced + 1) % 4
        await fleet.announce(prefix, prepend=model.prepends[prefix] or 0)
    elif dice.random() < 0.5:
        model.prepends[prefix] = None
        await fleet.withdraw(prefix)


def upset(dice: random.Random, one: Watched) -> None:
    """A speaker fails in some way, or gets better."""
    match dice.randrange(14):
        case 0:
            one.kill()
        case 1:
            one.start()
        case 2:
            one.trouble, one.troubled = Trouble.ANSWER_LOST, frozenset({"announce", "withdraw"})
        case 3:
            one.trouble, one.troubled = Trouble.REFUSED, frozenset()
        case 4:
            one.delay = 0.1
        case 5:
            lost = dice.sample(sorted(one.paths), min(2, len(one.paths)))
            FakeSpeaker.lose(one, *lost)  # by itself: not told to
        case 6:
            one.restarts_before = dice.choice(
                ["held", "announce", "withdraw", "neighbours", "sent", "local_as"]
            )
        case _:
            one.trouble, one.delay = None, 0


def heal(speakers: list[Watched]) -> None:
    for one in speakers:
        one.trouble, one.delay, one.restarts_before = None, 0, None
        if not one._alive:
            one.start()


async def all_as_wanted(fleet: Fleet, model: Model, speakers: list[Watched]) -> bool:
    wanted = {one: path(one, n) for one, n in model.prepends.items() if n is not None}
    if any(dict(one.paths) != wanted for one in speakers) or not await fleet.settled():
        return False
    if any(one.sends_to(PEER, prefix) is None for one in speakers for prefix in wanted):
        return False
    for one in speakers:
        for known in await fleet.routes.states(one.name):
            if not known.applied.confirms(known.desired) or known.applied == AppliedRoute():
                return False
    seen = await fleet.ask(
        "SELECT cidr FROM observed_routes o JOIN bgp_prefixes b"
        " ON b.id = o.bgp_prefix_id WHERE o.advertised AND NOT own_word"
    )
    return {str(cidr) for (cidr,) in seen} == {str(one) for one in wanted}
