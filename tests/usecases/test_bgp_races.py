"""Many at once on one claim: each sees what the one before it left."""

import asyncio
from collections import Counter

from byoip.domain.claims.claim import WithdrawFirst
from byoip.domain.errors import Refusal
from byoip.domain.precondition import Precondition, PreconditionFailed
from byoip.domain.routes.bgp_prefix import IncompleteBgpDeployment
from byoip.domain.routes.breaker import Ceilings, WithdrawalsStopped
from byoip.usecases.routes import bgp_prefixes
from tests.store.samples import BY
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR


async def test_of_many_equal_requests_one_is_carried_out(routes: Routes) -> None:
    for wanted in (True, False):
        views = await asyncio.gather(*(routes.patch(advertised=wanted) for _ in range(8)))
        assert [one.changed for one in views].count(True) == 1
        assert {one.bgp_prefix.desired.advertised for one in views} == {wanted}
    assert await routes.count("withdrawals") == 1
    assert Counter(await routes.world.kinds(routes.claim))["bgp_prefix.announced"] == 1


async def test_of_two_requests_based_on_one_version_one_is_carried_out(routes: Routes) -> None:
    advertise = Verb(routes.store, bgp_prefixes.advertise)
    version = (await routes.view()).version
    seen = Precondition(frozenset({version}))
    asked = [advertise(*routes.ids, None, prepend=count, by=BY, if_match=seen) for count in (1, 2)]
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in ends].count(PreconditionFailed) == 1


async def test_a_route_is_announced_or_its_binding_goes_and_never_both(routes: Routes) -> None:
    part = await routes.add()
    await routes.world.roas(valid(CIDR, longest=24))
    announced, gone = await asyncio.gather(
        routes.patch(part, advertised=True), routes.unbind(), return_exceptions=True
    )
    if isinstance(gone, WithdrawFirst):
        assert not isinstance(announced, Refusal)
    else:
        assert gone is None
        assert isinstance(announced, IncompleteBgpDeployment)


async def test_no_more_are_withdrawn_at_once_than_the_breaker_lets_through(routes: Routes) -> None:
    parts = [await routes.add(f"31.0.{number}.0/24") for number in range(2)]
    await routes.world.roas(valid(CIDR, longest=24))
    for one in (None, *parts):
        await routes.patch(one, advertised=True)
    routes.ceilings = Ceilings(per_account=2)
    before = await routes.count("events")
    ends = await asyncio.gather(
        *(routes.patch(one, advertised=False) for one in (None, *parts)), return_exceptions=True
    )
    assert [type(one) for one in ends].count(WithdrawalsStopped) == 1
    assert await routes.count("bgp_prefixes WHERE advertised") == 1
    assert await routes.count("withdrawals") == 2
    assert await routes.count("breaker_trips WHERE scope = 'account'") == 1
    assert await routes.count("events") == before + 2
    gone = next(one for one in await routes.all() if not one.bgp_prefix.desired.advertised)
    back = await routes.patch(gone.bgp_prefix.id, advertised=True)  # announcing goes on
    assert back.changed
