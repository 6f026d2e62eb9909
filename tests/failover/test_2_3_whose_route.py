"""Failover 2.3: a repeated withdrawal is the owner's, not of one who had the prefix before."""

from uuid import uuid4

from byoip.domain.prefix import Prefix
from tests.announcing import Fleet, looks, path, reconciling, speaker, until
from tests.failover.test_2_3_withdrawn_again import held, withdraw_again
from tests.fakes.speaker import FakeSpeaker

REVOKE = "UPDATE prefixes SET state = 'pending', approved_at = NULL, approved_by = NULL"
LEDGER = "SELECT count(*) FROM withdrawals"


async def test_who_had_the_prefix_before_takes_down_no_route_of_its_holder(fleet: Fleet) -> None:
    """The backup is from before its holder announced it: a row says withdrawn, the route is up."""
    (route,) = await fleet.add("31.0.0.0/24")
    before = fleet.ids[route]
    await fleet.do("UPDATE bindings SET prefix_cidr = prefix_cidr, removed_at = now()")
    await fleet.do(REVOKE)
    await fleet.add("31.0.0.0/24", account=uuid4())
    holder = fleet.ids[route]
    one = speaker("one")
    one.start()
    one.put(path(route))
    async with reconciling(fleet, one):
        await until(lambda: _orphaned(fleet, route))
        fleet.ids[route] = before
        assert not (await withdraw_again(fleet, route)).changed
        await looks(one, count=3)
        assert await held(one) == {route}
        assert await fleet.ask(LEDGER) == [(0,)]
        fleet.ids[route] = holder
        assert (await withdraw_again(fleet, route)).changed
        await until(lambda: _gone(one))


async def _orphaned(fleet: Fleet, route: Prefix) -> bool:
    return route in await fleet.orphans("one")


async def _gone(one: FakeSpeaker) -> bool:
    return await held(one) == set()
