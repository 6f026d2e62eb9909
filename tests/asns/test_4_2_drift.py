"""Time 4.2: an ASPA that comes after the announcement is told to the operator and to its owner."""

import asyncio
from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.store.routes.excluded import KIND
from tests.asns.numbers import CUSTOMER, Numbers, aspa
from tests.asns.test_announcing import alarms
from tests.usecases.world import CIDR, ORIGIN

ALARM = [(KIND, f"{CIDR} {ORIGIN} {CUSTOMER}")]
HOUR = timedelta(hours=1)


@pytest.fixture
async def up(numbers: Numbers) -> Claim:
    """Its route is announced behind the operator's AS."""
    claim = await numbers.served()
    await numbers.want(claim)
    return claim


async def told(numbers: Numbers, claim: Claim) -> list[str]:
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
    assert await told(numbers, up) == ["aspa.excludes_operator"]
    event = (await numbers.events(up))[-1]
    assert (event.after["cidr"], event.after["asn"]) == (CIDR, CUSTOMER.number)
    assert event.after["seen"] == "The ASPA of AS3320 lists AS3257, and not AS64500."
    assert "AS3257, AS64500" in str(event.after["fix"])
    await numbers.snapshot(aspa(3257, 64500))
    for _ in range(2):
        assert await alarms(numbers) == []
    assert await told(numbers, up) == ["aspa.excludes_operator", "aspa.recovered"]


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
    assert await told(numbers, up) == []
    await numbers.snapshot(aspa(3257))
    assert await alarms(numbers) == ALARM
    await numbers.snapshot(*aspas, key=key)
    assert await alarms(numbers) == ALARM
    await numbers.snapshot(aspa(3257))
    assert await alarms(numbers) == ALARM
    assert await told(numbers, up) == ["aspa.excludes_operator"]


async def test_nor_does_data_that_is_too_old(numbers: Numbers, up: Claim) -> None:
    await numbers.snapshot(aspa(3257), at=numbers.clock.now() - 25 * HOUR)
    assert await alarms(numbers) == []
    assert await told(numbers, up) == []


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
    assert await told(numbers, up) == ["aspa.excludes_operator", "aspa.recovered"]
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
    assert await told(numbers, up) == ["aspa.excludes_operator", "aspa.recovered"]
