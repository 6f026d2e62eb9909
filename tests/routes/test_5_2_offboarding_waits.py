"""Routes 5.2: an offboarding says why it waits, how many routes are left, when the next goes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from byoip.domain.claims.blockers import Advice, blockers
from byoip.domain.claims.claim import Claim
from byoip.domain.routes.breaker import Ceilings, Parked
from tests.rules.estate import WIDE, Estate

_STOP = """
    INSERT INTO job_switches (kind, stopped, at, by, because)
    SELECT 'offboard', true, now(), 'Ada', 'a look' FROM prefixes WHERE id = :id
"""


def of(estate: Estate, ceilings: Ceilings) -> Estate:
    return Estate(estate.engine, estate.clock, ceilings)


async def blocker(estate: Estate, claim: Claim) -> str:
    """What is told first."""
    view, now = await estate.reader.claim(claim.account_id, claim.id), estate.clock.now()
    told = blockers(
        view.announceable(now), view.token, advice=Advice("x", {}), now=now, leaving=view.leaving
    )
    assert "offboarding" in {one.name for one in told}
    return told[0].message if told[0].name == "offboarding_waits" else ""


async def waiting(estate: Estate, claim: Claim) -> Sequence[Any]:
    """The events that say so."""
    found = await estate.reader.events(claim.account_id, claim.id, after=0, limit=1000)
    return [one.after for one in found if one.kind == "offboarding.waiting"]


async def thirteen(estate: Estate) -> list[Claim]:
    """Routes of one account, in four prefixes that it lets go; ten may leave in an hour."""
    account = await estate.account()
    claims = [await estate.advertised(account, 1, 2, 3) for _ in range(3)]
    claims.append(await estate.advertised(account))
    for claim in claims:
        await estate.offboard(claim)
    return claims


async def test_who_waits_for_the_hour_reads_how_many_are_left_and_when_the_next_goes(
    estate: Estate,
) -> None:
    estate = of(estate, Ceilings())
    claims = await thirteen(estate)
    for _ in range(3):
        await estate.go_on()
    assert await estate.up(*claims) == 5  # eight went at once
    third, last = claims[2:]
    oldest = await estate.one("SELECT min(at) FROM withdrawals")
    [said] = await waiting(estate, third)  # once, however often a worker comes by
    assert (said["because"], said["left"]) == ("room", 4)
    assert datetime.fromisoformat(said["next_at"]) == oldest + timedelta(hours=1)
    told = await blocker(estate, third)
    assert "announced: 4. As many as may go" in told
    assert f"{oldest + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}" in told
    assert [one["left"] for one in await waiting(estate, last)] == [1]
    assert await blocker(estate, claims[0]) == ""


async def test_the_next_one_goes_then_and_single_withdrawals_help_before(estate: Estate) -> None:
    estate = of(estate, Ceilings())
    claims = await thirteen(estate)
    await estate.go_on()
    await estate.take_down(claims[3])  # urgent: by its own request
    await estate.take_down(claims[2], 1)
    await estate.go_on()
    assert (await estate.up(*claims), await estate.step(claims[3])) == (3, "grace")
    assert "announced: 3." in await blocker(estate, claims[2])
    next_at = await estate.one("SELECT next_at FROM offboardings WHERE next_at IS NOT NULL")
    due = next_at - await estate.one("SELECT now()")
    await estate.later(seconds=due.total_seconds() - 20)
    await estate.go_on()
    assert await estate.up(claims[2]) == 3
    await estate.later(seconds=20)
    await estate.go_on()
    assert await estate.up(claims[2]) < 3


async def test_who_waits_behind_the_breaker_reads_that_the_operator_has_to_look(
    estate: Estate,
) -> None:
    estate = of(estate, replace(WIDE, share=0.1, least=2))
    claims = [await estate.advertised(await estate.account(), 1) for _ in range(3)]
    for claim in claims:
        await estate.offboard(claim)
    for _ in range(3):
        await estate.go_on()
    stopped = claims[2]
    assert await waiting(estate, stopped) == [{"because": "breaker", "left": 2, "next_at": None}]
    assert "The breaker has stopped withdrawals (global)" in await blocker(estate, stopped)
    await estate.take_down(stopped)  # a request that names one route is not stopped
    assert "announced: 1. The breaker" in await blocker(estate, stopped)
    await estate.rearm(Parked.RELEASED)
    await estate.go_on()  # no faster than the ceilings allow: others have used the room
    assert [one["because"] for one in await waiting(estate, stopped)] == ["breaker", "room"]
    assert "the next one goes at about" in await blocker(estate, stopped)


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("UPDATE bgp_prefixes SET locked = true WHERE prefix_id = :id", "has locked them"),
        (_STOP, "has stopped this offboarding"),
    ],
    ids=["locked", "kill switch"],
)
async def test_what_the_operator_holds_back_is_said(estate: Estate, why: str, told: str) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.run(why, id=claim.id)
    await estate.go_on()
    assert told in await blocker(estate, claim)
    assert await estate.up(claim) == 1


async def test_a_route_that_is_withdrawn_and_not_gone_is_said(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.see(claim, seen=True)
    await estate.offboard(claim)
    await estate.go_on()
    assert "withdrawn, and not gone yet: 1." in await blocker(estate, claim)
    await estate.see(claim, seen=False)
    await estate.go_on()
    assert await blocker(estate, claim) == ""
