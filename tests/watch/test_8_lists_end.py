"""Of very many prefixes a run lists 5,000: what is left is the next run's."""

from byoip.usecases.watch import hear_roas
from tests.many_routes import add_routes, ipv4
from tests.usecases.routes import valid
from tests.usecases.world import CIDR
from tests.watch.test_8_many_roas import soon
from tests.watching import HOUR, Days

MANY, LISTED = 5003, 5000


async def test_a_run_lists_so_many_and_no_more(days: Days, database_url: str) -> None:
    add_routes(database_url, ipv4(MANY))
    days.roas = [valid(CIDR), soon(days, {**valid("20.0.0.0/8"), "maxLength": 24})]
    await days.snapshot()
    assert await listed(days) == (0, LISTED), "ROAs of all end soon"
    days.world.clock.advance(HOUR)
    days.roas = [valid("99.0.0.0/8")]
    await days.snapshot()
    assert await listed(days) == (LISTED, 0), "they are gone"


async def listed(days: Days) -> tuple[int, int]:
    """How many are disturbed, and of how many the last ROA ends, as a run has them."""
    async with days.world.store.transaction() as tx:
        news = await tx.watches.roa_news()
        assert news is not None
        disturbed = await hear_roas._disturbed(tx, news)
        ending = await hear_roas._ending(tx, news)
        return len({*disturbed}), len({*ending})
