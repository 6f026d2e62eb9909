"""The operator has a route announced in a contest or a dispute: the holder's, never the other's."""

from datetime import timedelta

import pytest

from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.routes.bgp_prefix import Contested
from byoip.domain.watch.dispute import Side
from byoip.domain.watch.freezing import PrefixFrozen
from byoip.domain.watch.levels import Signal
from byoip.usecases.routes.announce_on_word import announce_on_word
from byoip.usecases.watch.decide_dispute import decide_dispute
from tests.store.samples import BY
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.watch.test_5_disputes import claimed, disputed, open_ones
from tests.watching import Days

WHY = "under attack"


async def announce(days: Days, routes: Routes) -> bool:
    """Whether the route is to be announced then."""
    act = Verb(days.world.store, announce_on_word)
    route = (await routes.view()).bgp_prefix
    view = await act(routes.claim.id, route.id, reason=WHY, by=BY)
    assert view.changed
    return view.bgp_prefix.desired.advertised


async def test_in_a_dispute_it_is_done_for_the_holder(days: Days, routes: Routes) -> None:
    await disputed(days, routes)
    await routes.patch(advertised=False)
    with pytest.raises((Contested, PrefixFrozen)):
        await routes.patch(advertised=True)
    await days.snapshot()
    assert await announce(days, routes)
    event = (await days.world.events(routes.claim))[-1]
    assert (event.kind, event.after["reason"]) == ("bgp_prefix.announced", WHY)
    holder = await days.world.now(routes.claim)
    assert (holder.state, holder.standing) == (State.APPROVED, Standing.CONTESTED)
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    assert len(await open_ones(days)) == 1


async def test_and_where_it_is_contested_without_a_dispute(days: Days, routes: Routes) -> None:
    await claimed(days)
    assert await open_ones(days) == []
    await routes.patch(advertised=False)
    with pytest.raises(Contested):
        await routes.patch(advertised=True)
    await days.snapshot()
    assert await announce(days, routes)


async def test_never_for_the_one_that_challenges_it(days: Days, routes: Routes) -> None:
    """It has a route where it held the space before: an approval that has gone is none."""
    _, dispute_id = await disputed(days, routes)
    await routes.patch(advertised=False)
    days.world.clock.advance(timedelta(days=15))
    decide = Verb(days.world.store, decide_dispute)
    await decide(dispute_id, for_=Side.CLAIMANT, reason="sold", by=BY)
    await routes.execute(
        "UPDATE prefixes SET standing = 'contested' WHERE id = :id", id=routes.claim.id
    )
    former = await days.world.now(routes.claim)
    assert (former.state, former.standing) == (State.PENDING, Standing.CONTESTED)
    await days.snapshot()
    with pytest.raises(Contested):
        await announce(days, routes)
