"""Field cases of time: who holds the space, by the registries' statistics. No route goes."""

from datetime import timedelta

import pytest

from byoip.domain.watch.levels import Level, Signal
from tests.usecases.routes import Routes
from tests.usecases.world import CIDR
from tests.watching import DAY, HOUR, Days, spare


async def still_up(routes: Routes) -> bool:
    return (await routes.view()).bgp_prefix.desired.advertised and not await routes.count(
        "withdrawals"
    )


async def sold(days: Days, *rows: tuple[str, str, str]) -> None:
    others = [one for one in days.rows["ripencc"] if not one[0].startswith("31.0.")]
    days.rows["ripencc"] = [*rows, *others]
    days.world.clock.advance(DAY)
    await days.files()
    await days.run()


async def test_sold_within_a_registry(days: Days, routes: Routes) -> None:
    await sold(days, (CIDR, "allocated", "buyer"))
    assert await days.level(routes.claim, Signal.HOLDER) is Level.NOTICE
    assert await days.frozen_for(routes.claim) == set()
    days.world.clock.advance(DAY)
    await days.run()  # the same file, heard again, confirms nothing
    await days.files("apnic")  # nor does another registry's
    await days.run()
    assert await days.frozen_for(routes.claim) == set()
    await days.files("ripencc")
    await days.run()
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    assert await still_up(routes)
    kinds = await days.world.kinds(routes.claim)
    assert kinds[-3:] == ["watch.raised", "watch.raised", "prefix.frozen"]
    seen = (await days.world.events(routes.claim))[-1].after["seen"]
    assert seen == "It was seller at ripencc, and is buyer at ripencc."


async def test_moved_to_another_registry(days: Days, routes: Routes) -> None:
    days.rows["ripencc"] = spare(60)
    days.world.clock.advance(DAY)
    await days.files("ripencc")  # the old registry lists it no more, the new one not yet
    await days.run()
    watch = (await days.watches(routes.claim))[Signal.HOLDER]
    assert (watch.level, watch.doubt != "") == (Level.NONE, True)
    days.rows["apnic"] = [(CIDR, "allocated", "buyer")]
    await days.files("apnic")
    await days.run()
    assert await days.frozen_for(routes.claim) == set()
    days.world.clock.advance(DAY)
    await days.files()
    await days.run()
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    assert await still_up(routes)


async def test_returned(days: Days, routes: Routes) -> None:
    for _ in range(2):
        await sold(days, (CIDR, "available", ""))
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    assert await still_up(routes)


async def test_a_part_of_it_is_sold(days: Days, routes: Routes) -> None:
    halves = ("31.0.0.0/24", "allocated", "seller"), ("31.0.1.0/24", "allocated", "buyer")
    for _ in range(2):
        await sold(days, *halves)
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}


async def test_rows_that_are_split_or_renamed_are_no_sale(days: Days, routes: Routes) -> None:
    halves = ("31.0.0.0/24", "assigned", "seller"), ("31.0.1.0/24", "allocated", "seller")
    for _ in range(3):
        await sold(days, *halves)
    assert await days.level(routes.claim, Signal.HOLDER) is Level.NONE


async def test_sold_and_back_in_the_next_file(days: Days, routes: Routes) -> None:
    await sold(days, (CIDR, "allocated", "buyer"))
    await sold(days, (CIDR, "allocated", "seller"))
    await sold(days, (CIDR, "allocated", "buyer"))
    assert await days.frozen_for(routes.claim) == set()


async def test_ids_rekeyed_with_a_sale_on_the_same_day(days: Days, routes: Routes) -> None:
    """All holders get new ids; the prefix of one of them went to another holder as well."""
    world = days.world
    kept = await world.approved("31.1.0.0/24")
    gone = await world.approved("31.2.0.0/24")
    more = [("31.1.0.0/24", "allocated", "stays"), ("31.2.0.0/24", "allocated", "stays")]
    days.rows["ripencc"] += [*more, ("31.3.0.0/24", "allocated", "stays")]
    days.roas += [
        {**days.roas[0], "prefix": one.prefix.network.with_prefixlen} for one in (kept, gone)
    ]
    world.clock.advance(DAY)
    await days.files()
    await days.run()
    anew = [(cidr, status, f"new-{holder}") for cidr, status, holder in days.rows["ripencc"]]
    sale = ("31.2.0.0/24", "allocated", "new-spare-7")
    days.rows["ripencc"] = [sale if one[0] == sale[0] else one for one in anew]
    for _ in range(2):
        world.clock.advance(DAY)
        await days.files()
        await days.run()
    assert await days.frozen_for(kept) == set()
    assert await days.frozen_for(routes.claim) == set()
    assert await days.frozen_for(gone) == {Signal.HOLDER}
    assert await still_up(routes)


@pytest.mark.parametrize("numbers", [["seller"], ["buyer"]])
async def test_ids_rekeyed_as_a_holder_of_one_row_sold_it_to_one_that_had_none(
    days: Days, routes: Routes, numbers: list[str]
) -> None:
    """Rows of prefixes look one to one: numbers of the seller, or the buyer, tell them apart."""
    days.numbers = numbers
    days.world.clock.advance(DAY)
    await days.files()
    await days.run()
    days.numbers = [f"new-{one}" for one in numbers]
    anew = [(cidr, status, f"new-{holder}") for cidr, status, holder in days.rows["ripencc"]]
    sale = (CIDR, "allocated", "new-buyer")
    days.rows["ripencc"] = [sale if one[0] == CIDR else one for one in anew]
    for _ in range(2):
        days.world.clock.advance(DAY)
        await days.files()
        await days.run()
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    assert await still_up(routes)


async def test_all_of_a_large_holder_sold_at_once_is_no_new_numbering(
    days: Days, routes: Routes
) -> None:
    """A merger may move more rows in a day than one in a hundred: of one holder, to another."""
    days.rows["ripencc"] += [(f"31.0.{one}.0/24", "allocated", "seller") for one in range(2, 40)]
    days.world.clock.advance(DAY)
    await days.files()
    await days.run()
    for _ in range(2):
        days.rows["ripencc"] = [
            (cidr, status, "buyer" if holder == "seller" else holder)
            for cidr, status, holder in days.rows["ripencc"]
        ]
        days.world.clock.advance(DAY)
        await days.files()
        await days.run()
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    assert await still_up(routes)


async def test_a_worker_asleep_for_a_week_wakes_up(days: Days, routes: Routes) -> None:
    """The first file after it is a first file, whatever the last one before it said."""
    await sold(days, (CIDR, "allocated", "buyer"))
    days.world.clock.advance(timedelta(days=7))
    await days.files()
    await days.run()
    assert await days.frozen_for(routes.claim) == set()
    days.world.clock.advance(DAY - HOUR)
    await days.files()
    await days.run()
    assert await days.frozen_for(routes.claim) == set()
    days.world.clock.advance(2 * HOUR)
    await days.files()
    await days.run()
    assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
