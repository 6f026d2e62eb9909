"""Trust, 5.1: no number of ROAs for others keeps the letter of a route that none makes valid."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from byoip.domain.checks.evidence import Passed
from byoip.domain.checks.origin_validation import MOST_COVERING, judge_roas
from byoip.domain.claims.claim import Claim
from byoip.domain.letters.letter import Letter, LetterStatus, RevokedBecause
from byoip.ports.checks.rpki import Vrps
from byoip.store.checks import snapshots_sql
from byoip.usecases.letters.watch_letters import WatchLetters
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import HOUR, approved, read, status, written
from tests.usecases.world import WORKER, World, roa

__all__ = ["world", "world_engine"]  # fixtures

MANY = MOST_COVERING + 50
Roa = dict[str, object]


def of_others(claim: Claim, many: int = MANY) -> Iterator[Roa]:
    entry = roa(claim.prefix)
    yield from ({**entry, "asn": 100_000 + one} for one in range(many))


async def day(world: World, letter: Letter, *roas: Roa) -> LetterStatus:
    for _ in range(26):
        world.clock.advance(HOUR)
        await world.roas(*roas)
        await WatchLetters(world.store, world.clock)(by=WORKER)
    return await status(world, letter)


async def test_5_1_it_is_revoked_after_a_day(world: World) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    assert await day(world, letter, *of_others(claim)) is LetterStatus.REVOKED
    assert (await read(world, letter)).revoked_because is RevokedBecause.RPKI


async def test_5_1_it_stays_where_one_among_them_makes_the_route_valid(world: World) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    others = [*of_others(claim)]
    assert await day(world, letter, *others, roa(claim.prefix)) is LetterStatus.VALID
    assert (await read(world, letter)).rpki.failing_since is None
    wide = {**roa(claim.prefix), "prefix": "31.0.0.0/16", "maxLength": 22}
    assert await day(world, letter, *others, wide) is LetterStatus.REVOKED, "too long for it"


async def test_5_1_where_one_has_expired_that_made_it_valid_there_is_no_answer(
    world: World,
) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    expired = roa(claim.prefix, expires=world.clock.now() + timedelta(minutes=1))
    assert await day(world, letter, *of_others(claim), expired) is LetterStatus.VALID


@pytest.mark.parametrize("others_expired", [False, True])
@pytest.mark.parametrize("first", [False, True])
async def test_5_1_the_one_that_decides_is_found_wherever_it_stands(
    world: World, *, first: bool, others_expired: bool
) -> None:
    claim = await world.claim()
    others = [*of_others(claim)]
    if others_expired:  # of our own origin
        earlier = [world.clock.now() - timedelta(seconds=one) for one in range(MANY)]
        others = [roa(claim.prefix, expires=at) for at in earlier]
    ours = roa(claim.prefix)
    await world.roas(*([ours, *others] if first else [*others, ours]))
    async with world.store.transaction() as tx:
        answer = await tx.roas.decisive(claim.prefix, claim.asn)
    assert isinstance(answer, Vrps)
    assert len(answer.covering) == MOST_COVERING
    now = world.clock.now()
    said = judge_roas(claim.prefix, claim.asn, answer.covering, now=now)
    assert isinstance(said, Passed)


async def test_5_1_of_more_than_are_sifted_there_is_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    monkeypatch.setattr(snapshots_sql, "MOST_SIFTED", MANY - 1)
    assert await day(world, letter, *of_others(claim)) is LetterStatus.VALID
