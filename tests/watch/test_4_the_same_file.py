"""A change of holder takes two files: one that is loaded again, as from a folder, is no second."""

from datetime import timedelta

from byoip.domain.watch.levels import Level, Signal
from byoip.store.watch.files_in_use import files_in_use, numbers_in_use
from tests.usecases.routes import Routes
from tests.usecases.world import CIDR
from tests.watch.test_5_holders import sold, still_up
from tests.watching import DAY, HOUR, Days


async def test_one_that_is_loaded_again_confirms_nothing(days: Days, routes: Routes) -> None:
    await sold(days, (CIDR, "allocated", "buyer"))
    for _ in range(8):
        days.world.clock.advance(6 * HOUR)
        await days.files(again=True)
        await days.run()
    assert await days.level(routes.claim, Signal.HOLDER) is Level.NOTICE
    assert await days.frozen_for(routes.claim) == set()
    await days.files()
    await days.run()
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    assert await still_up(routes)


async def test_it_counts_from_when_it_was_loaded_first(days: Days) -> None:
    async with days.world.store.transaction() as tx:
        before = await files_in_use(tx.session)
    days.world.clock.advance(timedelta(days=4))
    await days.files("ripencc", again=True)
    async with days.world.store.transaction() as tx:
        used = await files_in_use(tx.session)
        assert await numbers_in_use(tx.session) == {one.number for one in used.values()}
    assert used["ripencc"].number > before["ripencc"].number
    assert used["ripencc"].fetched_at == before["ripencc"].fetched_at
    days.world.clock.advance(DAY)
    await days.files("ripencc")
    async with days.world.store.transaction() as tx:
        newer = (await files_in_use(tx.session))["ripencc"]
    assert newer.fetched_at == days.world.clock.now()
