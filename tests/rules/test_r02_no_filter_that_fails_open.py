"""R2: what may be withdrawn is found by a query of its own, never by a filter that may be empty."""

from uuid import uuid4

from byoip.usecases.speakers import orphans
from tests.announcing import OWNER, Fleet, looks, path, reconciling, speaker, until
from tests.usecases.verbs import Verb


async def test_asked_about_no_rows_or_unknown_ones_the_store_names_none(fleet: Fleet) -> None:
    await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    assert await fleet.routes.states_of("one", []) == []
    assert await fleet.routes.states_of("one", [uuid4()]) == []
    assert list(await fleet.routes.withdrawable("one", [])) == []


async def test_rows_that_are_advertised_cannot_be_listed_for_withdrawal(fleet: Fleet) -> None:
    prefixes = await fleet.add(*(f"31.0.{n}.0/24" for n in range(40)), advertised=True)
    known = await fleet.routes.states("one")
    assert len(known) == len(prefixes)
    await fleet.routes.mark_announced("one", [each.desired for each in known], fleet.clock.now())
    # As a clean-up job would ask whose filter lists everything.
    assert list(await fleet.routes.withdrawable("one", [each.desired for each in known])) == []


async def test_of_many_orphans_only_the_one_goes_that_was_decided(fleet: Fleet) -> None:
    one = speaker("one")
    decided, *others = await fleet.add(*(f"31.0.{n}.0/24" for n in range(30)))
    one.put(*(path(each) for each in (decided, *others)))
    async with reconciling(fleet, one):
        await until(lambda: count(fleet, 30))
        decide = Verb(fleet.store, orphans.withdraw)
        await decide("one", str(decided), name="A. Person", reason="left over", by=OWNER)
        await until(lambda: count(fleet, 29))
        await until(lambda: decided not in one.paths)
        await looks(one)
    assert set(one.paths) == set(others)


async def count(fleet: Fleet, many: int) -> bool:
    return len(await fleet.orphans("one")) == many
