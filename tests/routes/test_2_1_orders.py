"""Routes 2.1: an order to open a speaker is for what its alarm named; else it ends."""

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.opening import SpeakerRecord, lacking
from tests.announcing import PEER, Fleet, looks, path, reconciling, until
from tests.fakes.speaker import FakeSpeaker
from tests.routes.test_2_1_opening import STRANGERS, detail, graceful, held, order, says, stands

OTHERS = [Prefix.parse(f"31.10.{number}.0/24") for number in range(10)]
ORDER = "SELECT ordered_by FROM speaker_records WHERE speaker = 'one'"


def test_what_is_missing_is_named_and_what_is_not_named_counts_too() -> None:
    assert lacking(()) == ""
    few = lacking(STRANGERS[:5])
    assert few.endswith(", ".join(map(str, STRANGERS[:5])))
    assert lacking(STRANGERS[:6]) != lacking([*STRANGERS[:5], OTHERS[0]])


def test_an_order_is_for_what_was_missing_then() -> None:
    said = lacking(STRANGERS)
    one = SpeakerRecord("operator A. Person", 1, lacked=said)
    assert one.meant(said, was_up=True)
    assert one.meant("", was_up=True)
    assert not one.meant(lacking(OTHERS), was_up=True)
    assert one.meant(lacking(OTHERS), was_up=False)  # peers have nothing of it


async def shut_again(fleet: Fleet, one: FakeSpeaker, lacks: int) -> None:
    """The order has ended, and it stays shut for all that is missing."""
    async with reconciling(fleet, one):
        await until(lambda: says(fleet, "sessions_shut", f"it lacks {lacks} routes"))
        await looks(one)
        assert not one.feeds(PEER)
    assert await fleet.ask(ORDER) == [(None,)]
    found = await fleet.routes.records.held("one")
    assert len([one for one in found if one in {*STRANGERS, *OTHERS}]) == lacks


async def seen_shut(fleet: Fleet, one: FakeSpeaker) -> None:
    """Its alarm stands, and nobody is about to decide anything."""
    await fleet.add("31.0.0.0/24", advertised=True)
    await held(fleet, "one", STRANGERS)
    async with reconciling(fleet, one):
        await until(lambda: stands(fleet, "sessions_shut", "one"))
        assert "it lacks 40 routes" in await detail(fleet, "sessions_shut")


async def test_an_order_does_not_open_what_lacks_more_by_now(fleet: Fleet) -> None:
    one = graceful("one")
    await seen_shut(fleet, one)
    await order(fleet, "one")
    await fleet.routes.records.note_held("one", OTHERS)
    await shut_again(fleet, one, 50)


async def test_an_order_does_not_open_what_lacks_as_many_others(fleet: Fleet) -> None:
    one = graceful("one")
    await seen_shut(fleet, one)
    await order(fleet, "one")
    last = str(STRANGERS[-1])
    await fleet.do("DELETE FROM held_routes WHERE cidr = CAST(:cidr AS cidr)", cidr=last)
    await fleet.routes.records.note_held("one", OTHERS[:1])
    await shut_again(fleet, one, 40)


async def test_an_order_for_a_speaker_that_is_down_and_lacks_nothing_opens_no_later_start(
    fleet: Fleet,
) -> None:
    one = graceful("one")
    await fleet.add("31.0.0.0/24", advertised=True)
    await held(fleet, "one", [])
    await order(fleet, "one")
    await fleet.routes.records.note_held("one", STRANGERS)
    await shut_again(fleet, one, 40)


async def test_what_it_lacks_while_it_is_up_is_let_go_by_who_has_seen_it(fleet: Fleet) -> None:
    one = graceful("one")
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    await held(fleet, "one", STRANGERS)
    one.put(path(prefix))
    await one.enable(PEER)
    await order(fleet, "one")  # who gives it has seen no alarm
    async with reconciling(fleet, one):
        await until(lambda: stands(fleet, "no_longer_held", "one"))
        await until(lambda: ended(fleet))
        assert set(STRANGERS) <= {*await fleet.routes.records.held("one")}
        await order(fleet, "one")
        await until(lambda: stands(fleet, "no_longer_held"))
    (last,) = await fleet.ask(
        "SELECT after ->> 'lacked' FROM operator_events ORDER BY number DESC LIMIT 1"
    )
    assert last[0].startswith("it lacks 40 routes that no party withdrew: 31.9.0.0/24")


async def ended(fleet: Fleet) -> bool:
    return await fleet.ask(ORDER) == [(None,)]
