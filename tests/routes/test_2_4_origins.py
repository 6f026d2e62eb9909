"""Routes 2.4: what is announced has an origin of the operator's; what is up with another stays."""

import pytest
from sqlalchemy import text

from byoip.domain.asn import Asn, OriginNotOffered
from byoip.domain.claims.claim import Claim
from byoip.store.speakers.routes import Routes
from byoip.store.transaction import Store
from byoip.usecases.routes.watch_origins import WatchOrigins
from tests.rules.estate import Estate

PROVEN, CHANGED = Asn(64500), Asn(64999)


def after_the_change(estate: Estate, *offered: Asn) -> Estate:
    """Processes that were started again with other settings."""
    estate.store = Store(estate.engine, estate.clock, estate.ceilings, frozenset(offered))
    return estate


async def alarms(estate: Estate, *offered: Asn) -> list[tuple[str, str]]:
    await WatchOrigins(estate.store, Routes(estate.engine), estate.clock, offered)()
    return [tuple(one) for one in await estate.ask("SELECT kind, detail FROM route_alarms")]


async def test_another_origin_stays_up_is_an_alarm_and_is_not_announced_again(
    estate: Estate,
) -> None:
    claim = await estate.advertised(await estate.account())
    after_the_change(estate, CHANGED)
    assert await alarms(estate, CHANGED) == [("foreign_origin", f"{claim.prefix} {PROVEN}")]
    assert await estate.up(claim) == 1
    await estate.take_down(claim)
    with pytest.raises(OriginNotOffered, match=r"AS64500 .* from AS64999") as refused:
        await estate.want(claim)
    assert refused.value.pointer is None
    assert await obstacles(estate, claim, CHANGED) == [OriginNotOffered]
    assert await alarms(estate, CHANGED) == []
    after_the_change(estate, CHANGED, PROVEN)
    assert await obstacles(estate, claim, CHANGED, PROVEN) == []
    await estate.want(claim)
    assert await alarms(estate, CHANGED, PROVEN) == []


async def test_a_route_is_announced_from_the_origin_that_its_claim_has_proven(
    estate: Estate,
) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.take_down(claim)
    async with estate.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("UPDATE bgp_prefixes SET asn = 64999"))  # a trigger holds it
    after_the_change(estate, CHANGED, PROVEN)
    with pytest.raises(OriginNotOffered):
        await estate.want(claim)


async def test_a_restored_prefix_is_not_announced_from_another_origin(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.go_on()
    after_the_change(estate, CHANGED)
    [withheld] = (await estate.restore(claim)).withheld
    assert ("AS64999" in withheld.why, withheld.owed) == (True, False)
    assert await estate.up(claim) == 0


async def obstacles(estate: Estate, claim: Claim, *offered: Asn) -> list[type]:
    view, now = await estate.reader.claim(claim.account_id, claim.id), estate.clock.now()
    return [type(one) for one in view.announceable(now, offered).obstacles(now)]
