"""Time 4.2: an ASPA that comes after the announcement is told to the operator and to its owner."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from byoip.domain.claims.claim import Claim
from byoip.store.routes import excluded
from byoip.store.routes.excluded import KIND
from tests.asns.numbers import CUSTOMER, Numbers, aspa
from tests.asns.test_announcing import alarms
from tests.many_routes import add_routes, ipv4
from tests.trust.plans import rows_touched
from tests.usecases.world import CIDR, ORIGIN

ALARM = [(KIND, f"{CIDR} {ORIGIN} {CUSTOMER}")]
HOUR = timedelta(hours=1)


@pytest.fixture
async def up(numbers: Numbers) -> Claim:
    """Its route is announced behind the operator's AS."""
    claim = await numbers.served()
    await numbers.want(claim)
    return claim


async def told_of(numbers: Numbers, claim: Claim) -> list[str]:
    """What its history says of ASPAs; its route is up throughout."""
    found = await numbers.reader.bgp_prefix(claim.account_id, claim.id, None)
    assert found.bgp_prefix.desired.advertised
    return [one for one in await numbers.kinds(claim) if one.startswith("aspa.")]


async def test_its_owner_reads_once_that_it_excludes_the_operator_and_what_to_publish(
    numbers: Numbers, up: Claim
) -> None:
    await numbers.snapshot(aspa(3257))
    for _ in range(3):
        assert await alarms(numbers) == ALARM
    assert await told_of(numbers, up) == ["aspa.excludes_operator"]
    event = (await numbers.events(up))[-1]
    assert (event.after["cidr"], event.after["asn"]) == (CIDR, CUSTOMER.number)
    assert event.after["seen"] == "The ASPA of AS3320 lists AS3257, and not AS64500."
    assert "AS3257, AS64500" in str(event.after["fix"])
    await numbers.snapshot(aspa(3257, 64500))
    for _ in range(2):
        assert await alarms(numbers) == []
    assert await told_of(numbers, up) == ["aspa.excludes_operator", "aspa.recovered"]


@pytest.mark.parametrize(
    ("aspas", "key"),
    [
        pytest.param([], True, id="just gone"),
        pytest.param([], False, id="no key"),
        pytest.param([{**aspa(3257), "expires": 1}], True, id="expired"),
        pytest.param([{"customer_asid": 3320, "providers": 0}], True, id="unreadable"),
    ],
)
async def test_data_that_does_not_say_it_ends_nothing_and_begins_nothing(
    numbers: Numbers, up: Claim, aspas: list[object], key: bool
) -> None:
    await numbers.snapshot(*aspas, key=key)
    assert await alarms(numbers) == []
    assert await told_of(numbers, up) == []
    await numbers.snapshot(aspa(3257))
    assert await alarms(numbers) == ALARM
    await numbers.snapshot(*aspas, key=key)
    assert await alarms(numbers) == ALARM
    await numbers.snapshot(aspa(3257))
    assert await alarms(numbers) == ALARM
    assert await told_of(numbers, up) == ["aspa.excludes_operator"]


async def test_nor_does_data_that_is_too_old(numbers: Numbers, up: Claim) -> None:
    await numbers.snapshot(aspa(3257), at=numbers.clock.now() - 25 * HOUR)
    assert await alarms(numbers) == []
    assert await told_of(numbers, up) == []


@pytest.mark.parametrize(
    ("without", "policy"),
    [(True, "it is announced without one."), (False, "it is not announced without one.")],
)
async def test_its_end_is_told_once_it_is_gone_for_a_day(
    numbers: Numbers, up: Claim, without: bool, policy: str
) -> None:
    numbers.without_aspa = without
    await numbers.snapshot(aspa(3257))
    assert await alarms(numbers) == ALARM
    for hours in (0, 23):
        numbers.clock.advance(hours * HOUR)
        await numbers.snapshot()
        assert await alarms(numbers) == ALARM
    numbers.clock.advance(HOUR)
    await numbers.snapshot()
    for _ in range(2):
        assert await alarms(numbers) == []
    assert await told_of(numbers, up) == ["aspa.excludes_operator", "aspa.recovered"]
    after = (await numbers.events(up))[-1].after
    assert after["seen"] == f"AS3320 has no ASPA: by the operator's policy {policy}"
    assert ("fix" in after) is not without


async def test_what_its_owner_withdraws_meanwhile_is_no_recovery(
    numbers: Numbers, up: Claim
) -> None:
    await numbers.snapshot(aspa(3257))
    assert await alarms(numbers) == ALARM
    await numbers.want(up, advertised=False)
    assert await alarms(numbers) == []
    assert "aspa.recovered" not in await numbers.kinds(up)


async def test_two_workers_that_look_at_once_tell_it_once(numbers: Numbers, up: Claim) -> None:
    await numbers.snapshot(aspa(3257))
    await asyncio.gather(*(alarms(numbers) for _ in range(5)))
    await numbers.snapshot(aspa(64500))
    await asyncio.gather(*(alarms(numbers) for _ in range(5)))
    assert await told_of(numbers, up) == ["aspa.excludes_operator", "aspa.recovered"]


async def test_an_alarm_that_goes_on_is_not_written_again(numbers: Numbers, up: Claim) -> None:
    async def kept() -> list[str]:
        async with numbers.engine.connect() as connection:
            return list(await connection.scalars(text("SELECT xmin::text FROM route_alarms")))

    await numbers.snapshot(aspa(3257))
    assert await alarms(numbers) == ALARM
    before = await kept()
    assert await alarms(numbers) == ALARM
    assert await kept() == before
    assert await told_of(numbers, up) == ["aspa.excludes_operator"]


async def test_told_ones_are_found_among_many_routes(
    numbers: Numbers, up: Claim, restored_url: str
) -> None:
    await numbers.snapshot(aspa(3257))
    assert await alarms(numbers) == ALARM
    add_routes(restored_url, ipv4(3000), advertised=True)
    await numbers.snapshot()
    asked = {"after": "", "page": 200, "now_epoch": 0}
    with psycopg.connect(restored_url) as connection:
        connection.execute("INSERT INTO route_alarms VALUES ('down', 'a speaker', '', now())")
        connection.execute("ANALYZE bgp_prefixes, route_alarms, prefixes, aspas")
        told = excluded.TOLD
        assert rows_touched(connection, told.text, {**told.values, **asked}) <= 10
    assert await alarms(numbers) == [*ALARM, ("down", "")]
    assert await told_of(numbers, up) == ["aspa.excludes_operator"]
