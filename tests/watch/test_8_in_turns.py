"""One customer with many prefixes delays nobody else's looks."""

import pytest

from byoip.domain.claims.claim import Claim
from byoip.usecases.watch import watch_prefixes
from tests.usecases.routes import Routes
from tests.usecases.world import WORKER
from tests.watching import DAY, Days, watch_of

MANY = 5


@pytest.fixture
async def theirs(days: Days, routes: Routes) -> Claim:
    """Another account's, due after many of one account."""
    world, ours = days.world, await days.beside(routes.claim, MANY)
    account_id, world.account_id = world.account_id, await world.new_account()
    made = await world.approved("31.9.0.0/24")
    world.account_id = account_id
    async with world.store.transaction() as tx:
        for number, one in enumerate([*ours, made]):
            await tx.watches.next_look(one.id, tx.now + DAY * (1 + number / 100))
    world.clock.advance(2 * DAY)
    return made


async def test_accounts_take_turns(days: Days, theirs: Claim) -> None:
    async with days.world.store.transaction() as tx:
        found = await tx.watches.due(tx.now, 100)
        assert found.index(theirs.id) == 1
        assert len({*found}) == len(found) > MANY
        assert await tx.watches.due(tx.now, 2) == found[:2]


async def test_a_run_that_ends_early_has_looked_at_anothers(
    days: Days, theirs: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_prefixes, "_LISTED", 2)
    assert await watch_of(days.world)(by=WORKER) == 2
    async with days.world.store.transaction() as tx:
        assert theirs.id not in await tx.watches.due(tx.now, 100)
        assert await tx.watches.take(theirs.id, tx.now) is None


async def test_two_runs_at_once_look_at_each_once(days: Days, theirs: Claim) -> None:
    store, now = days.world.store, days.world.clock.now()
    async with store.transaction() as one, store.transaction() as other:
        assert await one.watches.take(theirs.id, now) is not None
        assert await other.watches.take(theirs.id, now) is None, "it waits for nobody"
