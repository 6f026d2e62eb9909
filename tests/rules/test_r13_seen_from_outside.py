"""R13: that routes go is noticed from the outside, whatever we believe to announce ourselves."""

from byoip.domain.prefix import Prefix
from byoip.store.gauges import Gauges
from byoip.usecases.speakers.monitor import MonitorRoutes
from byoip.usecases.speakers.observe import ObserveRoutes
from tests.announcing import PEER, Fleet, listener, reconciling, speaker, until
from tests.fakes.speaker import FakeListener

RATE = "byoip_routes_lost_last_minute"


async def lost(fleet: Fleet, *prefixes: Prefix) -> bool:
    return await fleet.alarms("lost") == {fleet.ids[one][2].hex for one in prefixes}


async def told(fleet: Fleet) -> list[str]:
    rows = await fleet.ask(
        "SELECT kind FROM events WHERE kind IN ('bgp_prefix.lost', 'bgp_prefix.seen_again')"
        " ORDER BY number"
    )
    return [kind for (kind,) in rows]


async def tells(fleet: Fleet, *kinds: str) -> bool:
    return await told(fleet) == list(kinds)


async def rate(fleet: Fleet) -> float:
    figures = {one.name: one for one in await Gauges(fleet.engine).read()}
    ((_, value),) = figures[RATE].values
    return value


async def test_a_route_that_every_listener_has_lost_is_told_and_stays_announced(
    fleet: Fleet,
) -> None:
    one = speaker("one")
    ears = [listener(one), FakeListener((one,), name="second")]
    kept, gone = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with reconciling(fleet, one, listeners=ears):
        await fleet.announce(kept, gone)
        await until(fleet.settled)
        await until(lambda: heard_by(fleet, 4))
        ears[0].absent.update((kept, gone))
        ears[1].absent.add(gone)
        await until(lambda: lost(fleet, gone))
        await until(lambda: tells(fleet, "bgp_prefix.lost"))
        assert await rate(fleet) == 1
        assert await fleet.wanted() == {kept, gone}
        ears[1].absent.clear()
        await until(lambda: lost(fleet))
        await until(lambda: tells(fleet, "bgp_prefix.lost", "bgp_prefix.seen_again"))
    assert await rate(fleet) == 0
    assert one.paths.keys() == {kept, gone}


async def test_a_withdrawal_of_its_owner_is_no_loss(fleet: Fleet) -> None:
    one = speaker("one")
    ear = listener(one)
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(prefix)
        await until(fleet.settled)
        await until(lambda: heard_by(fleet, 1))
        await fleet.withdraw(prefix)
        await until(fleet.settled)
        looks = await last_look(fleet)
        await until(lambda: later(fleet, looks))
    assert (await told(fleet), await rate(fleet)) == ([], 0)


async def test_two_looks_in_a_row_count_and_who_does_not_answer_says_nothing(fleet: Fleet) -> None:
    one = speaker("one")
    await one.enable(PEER)
    ear = listener(one)
    watch = MonitorRoutes(fleet.routes, fleet.store, fleet.clock, ObserveRoutes([ear]))
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    await fleet.routes.settle([one.desired for one in await fleet.routes.states("one")])
    await watch([one])
    assert await lost(fleet), "it was missed once"
    ear.trouble = True
    await watch([one])
    assert await lost(fleet), "no listener answered"
    ear.trouble = False
    await watch([one])
    assert await lost(fleet, prefix)
    ear.trouble = True
    await watch([one])
    assert await lost(fleet, prefix), "no listener has seen it since"
    # Another process takes over: it is no second loss.
    ear.trouble = False
    await MonitorRoutes(fleet.routes, fleet.store, fleet.clock, ObserveRoutes([ear]))([one])
    assert await told(fleet) == ["bgp_prefix.lost"]
    await MonitorRoutes(fleet.routes, fleet.store, fleet.clock, ObserveRoutes([]))([one])
    assert await lost(fleet), "there is no listener any more that could miss it"
    assert await told(fleet) == ["bgp_prefix.lost"]


async def heard_by(fleet: Fleet, many: int) -> bool:
    rows = await fleet.ask("SELECT FROM observed_routes WHERE advertised AND NOT own_word")
    return len(rows) == many


async def last_look(fleet: Fleet) -> object:
    ((at,),) = await fleet.ask("SELECT coalesce(max(answered_at), now()) FROM listeners")
    return at


async def later(fleet: Fleet, look: object) -> bool:
    return bool(await fleet.ask("SELECT FROM listeners WHERE answered_at > :look", look=look))
