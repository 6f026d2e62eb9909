"""Trust, 5.1: once the operator has taken a letter back, none is signed before a new approval.

Also where the letter was revoked before: its owner could let the prefix go and bring it back.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.letters.letter import Letter, RevokedBecause
from byoip.store.figures import fold_figures
from byoip.store.gauges import Gauges
from byoip.usecases.letters import letters
from byoip.usecases.letters.renew_letters import RenewLetters
from byoip.usecases.letters.watch_letters import WatchLetters
from tests.store.samples import BY
from tests.trust.contests import go_on, offboard, restore, revoke
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import HOUR, REASON, approved, read, write, written
from tests.usecases.verbs import Verb
from tests.usecases.world import WORKER, World, roa

__all__ = ["world", "world_engine"]  # fixtures


async def leave(world: World, claim: Claim) -> None:
    await offboard(world, claim)
    await go_on(world)


async def lose_its_roa(world: World, claim: Claim) -> None:
    del claim
    for _ in range(26):
        world.clock.advance(timedelta(hours=1))
        await world.roas()
        await WatchLetters(world.store, world.clock)(by=WORKER)


async def come_back(world: World, claim: Claim) -> None:
    world.clock.advance(HOUR)
    await world.roas(roa(claim.prefix))
    await restore(world, claim)
    await world.validate(claim)


async def take_back(world: World, letter: Letter) -> Letter:
    taking = Verb(world.store, letters.revoke)
    return await taking(str(letter.reference), reason=REASON, by=BY)


async def owed(world: World) -> float:
    await fold_figures(world.engine)
    gauges = await Gauges(world.engine).read()
    [(_, count)] = next(one.values for one in gauges if one.name == "byoip_letters_owed")
    return count


Ends = Callable[[World, Claim], Awaitable[None]]
HOW = [(leave, RevokedBecause.OFFBOARDED), (lose_its_roa, RevokedBecause.RPKI)]


@pytest.mark.parametrize(("ends", "because"), HOW)
async def test_a_letter_that_was_revoked_before_gets_no_successor(
    world: World, ends: Ends, because: RevokedBecause
) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    await ends(world, claim)
    assert (await read(world, letter)).revoked_because is because

    for _ in range(2):
        assert (await take_back(world, letter)).revoked_because is because, "the first stays"
    await come_back(world, claim)

    assert await write(world, claim) is None
    assert await RenewLetters(world.store, world.clock)() == 0
    assert await owed(world) == 0
    said = [one.after for one in await world.events(claim) if one.kind == "letter.revoked"]
    assert said == [{"because": because.value}, {"because": "operator", "reason": REASON}]


@pytest.mark.parametrize(("ends", "because"), HOW)
async def test_without_the_operators_word_it_gets_one(
    world: World, ends: Ends, because: RevokedBecause
) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    await ends(world, claim)
    await come_back(world, claim)
    assert await RenewLetters(world.store, world.clock)() == 1
    await written(world, claim)
    assert (await read(world, letter)).revoked_because is because


async def test_a_new_approval_lifts_it(world: World) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    await leave(world, claim)
    await take_back(world, letter)
    await come_back(world, claim)
    await revoke(world, claim)
    world.clock.advance(HOUR)
    await world.issue(claim)
    await world.prove(claim)
    await world.validate(claim)
    assert await RenewLetters(world.store, world.clock)() == 1
    assert await owed(world) == 1
    await written(world, claim)


async def test_taken_back_after_a_new_approval_none_follows_either(world: World) -> None:
    """The approval was revoked, and its letter with it; the next letter is not written yet."""
    claim = await approved(world)
    letter = await written(world, claim)
    await revoke(world, claim)
    world.clock.advance(HOUR)
    await world.issue(claim)
    await world.prove(claim)
    await world.validate(claim)
    await take_back(world, letter)
    assert await write(world, claim) is None
    assert await RenewLetters(world.store, world.clock)() == 0
