"""Trust 4.1, the whole kind: a session that goes down by hand again and again fills no history.

A speaker that only says so had two lines written each second, of each neighbour that it named.
"""

from byoip.domain.speakers.tellings import MOST
from tests.announcing import PEER, Fleet, looks, reconciling, speaker, until
from tests.routes.drains import history, in_state, none_stands

BEGUN = "drain.begun the speaker's operator"


async def test_one_that_flaps_is_on_record_six_times_an_hour_and_stays_as_it_is(
    fleet: Fleet,
) -> None:
    one, two = speaker("one"), speaker("two")
    await fleet.add("31.0.0.0/24", advertised=True)
    async with reconciling(fleet, one, two):
        await until(fleet.settled)
        await until(lambda: all(PEER in " ".join(each.noted) for each in (one, two)))
        for _ in range(MOST):
            one.disable_by_hand(PEER)
            await until(lambda: in_state(fleet, "down"))
            one.enable_by_hand(PEER)
            await until(lambda: none_stands(fleet))
            await looks(one)
        one.disable_by_hand(PEER)
        await looks(one, count=3)
        assert not one.feeds(PEER)
        (more,) = await fleet.add("31.0.1.0/24")
        await fleet.announce(more)
        await until(lambda: more in one.paths and more in two.paths)
        one.enable_by_hand(PEER)
        await looks(one, count=3)
        assert one.feeds(PEER)
        assert (await history(fleet)).count(BEGUN) == MOST
