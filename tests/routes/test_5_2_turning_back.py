"""Routes 5.2: an operator who re-arms a breaker is never stopped by one of the offboardings."""

from dataclasses import replace

from byoip.domain.claims.claim import Claim
from byoip.domain.routes.breaker import Parked
from tests.rules.estate import WIDE, Estate


async def test_one_that_cannot_turn_back_does_not_keep_the_others_from_it(estate: Estate) -> None:
    estate, late, waiting = await stopped(estate)
    await estate.run(_PARKED, id=late.id)  # as workers of older versions may
    await estate.rearm(Parked.CANCELLED)
    assert await estate.state(waiting) == ("approved", "ok")
    assert (await estate.up(waiting), await estate.step(late)) == (1, "grace")
    assert await estate.one("SELECT count(*) FROM offboardings WHERE parked_by IS NOT NULL") == 0


async def test_a_worker_that_comes_late_parks_only_what_still_withdraws(estate: Estate) -> None:
    estate, late, _ = await stopped(estate)
    await estate.going_on._park(late.id, None)  # where it was stopped for a while
    assert await estate.one("SELECT count(*) FROM offboardings WHERE parked_by IS NOT NULL") == 1


async def stopped(estate: Estate) -> tuple[Estate, Claim, Claim]:
    """The breaker has stopped two offboardings; the owner has withdrawn the route of one.

    So that one is unbound, and cannot turn back: another account has its space by now.
    """
    estate = Estate(estate.engine, estate.clock, replace(WIDE, share=0.1, least=1))
    first, late, waiting = [await estate.advertised(await estate.account()) for _ in range(3)]
    for claim in (first, late, waiting):
        await estate.offboard(claim)
    await estate.go_on()
    await estate.take_down(late)
    await estate.go_on()
    assert (await estate.up(waiting), await estate.step(late)) == (1, "grace")
    await estate.give_to_another(late.id, str(late.prefix))
    return estate, late, waiting


_PARKED = """
    UPDATE offboardings SET parked_by = (SELECT id FROM breaker_trips WHERE live)
    WHERE prefix_id = :id
"""
