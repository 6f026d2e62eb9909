"""A prefix with the customer's own number as its origin: announced behind the operator's AS."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from byoip.domain.asn import Asn, OriginNotOffered
from byoip.domain.asns.aspa import AspaExcludesOperator, AspaUnanswered
from byoip.domain.errors import Refusal
from byoip.store.speakers.routes import Routes as Alarms
from byoip.usecases.checks.preflight import Preflight, PreflightReport
from byoip.usecases.routes.watch_origins import WatchOrigins
from tests.asns.numbers import CUSTOMER, UPSTREAM, Numbers, aspa
from tests.usecases.world import CIDR, ORIGIN

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def obstacles(numbers: Numbers) -> list[type[Refusal]]:
    """What its view says stands in the way."""
    [view] = await numbers.reader.claims(numbers.account_id, after=None, limit=2)
    asked = view.announceable(
        numbers.clock.now(), {ORIGIN}, ORIGIN, without_aspa=numbers.without_aspa
    )
    return [type(one) for one in asked.obstacles(numbers.clock.now())]


async def alarms(numbers: Numbers) -> list[tuple[str, str]]:
    await WatchOrigins(numbers.rules, Alarms(numbers.engine), numbers.clock, {ORIGIN})()
    async with numbers.engine.connect() as connection:
        rows = await connection.execute(text("SELECT kind, detail FROM route_alarms ORDER BY 1"))
        return [(row.kind, row.detail) for row in rows]


async def refused(numbers: Numbers, why: type[Refusal]) -> str:
    """It is refused, and its view says so, too; nothing was changed."""
    [view] = await numbers.reader.claims(numbers.account_id, after=None, limit=2)
    assert await obstacles(numbers) == [why]
    with pytest.raises(why) as said:
        await numbers.want(view.claim)
    found = await numbers.reader.bgp_prefix(numbers.account_id, view.claim.id, None)
    assert not found.bgp_prefix.desired.advertised
    return str(said.value)


async def test_it_is_announced_behind_the_operators_as_where_there_is_no_aspa(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    assert await obstacles(numbers) == []
    view = await numbers.want(claim)
    assert (view.bgp_prefix.asn, view.bgp_prefix.behind) == (CUSTOMER, ORIGIN)
    assert view.bgp_prefix.route.behind == ORIGIN
    assert await alarms(numbers) == []
    event = (await numbers.events(claim))[-1]
    assert (event.kind, event.after["behind"]) == ("bgp_prefix.announced", ORIGIN.number)


async def test_the_aspa_decides_whether_the_pair_may_be_announced(numbers: Numbers) -> None:
    claim = await numbers.served()
    await numbers.snapshot(aspa(3257, 1299))
    said = await refused(numbers, AspaExcludesOperator)
    assert "AS1299, AS3257, AS64500" in said
    await numbers.snapshot(aspa(3257, 64500))
    assert (await numbers.want(claim)).bgp_prefix.desired.advertised


async def test_none_is_refused_where_the_operator_wants_one(numbers: Numbers) -> None:
    await numbers.served()
    numbers.without_aspa = False
    assert "providers: AS64500." in await refused(numbers, AspaExcludesOperator)


@pytest.mark.parametrize(
    ("aspas", "more"),
    [
        pytest.param([], {"key": False}, id="no key"),
        pytest.param([{"customer_asid": 3320, "providers": "x"}], {}, id="its entry"),
        pytest.param([{"providers": [64500]}, aspa(64500)], {}, id="of no customer"),
        pytest.param([{**aspa(64500), "expires": 1}], {}, id="expired"),
        pytest.param([], {"anchor": "apnic"}, id="nothing of its registry"),
    ],
)
async def test_a_snapshot_that_does_not_say_it_lets_nothing_through(
    numbers: Numbers, aspas: list[object], more: dict[str, object]
) -> None:
    await numbers.served()
    await numbers.snapshot(*aspas, **more)  # type: ignore[arg-type]
    await refused(numbers, AspaUnanswered)


async def test_an_unreadable_entry_of_another_customer_is_its_own_affair(numbers: Numbers) -> None:
    claim = await numbers.served()
    await numbers.snapshot({"customer_asid": 1299, "providers": []}, aspa(64500))
    assert (await numbers.want(claim)).bgp_prefix.desired.advertised


async def test_one_that_is_gone_is_missed_for_a_day_in_every_snapshot(numbers: Numbers) -> None:
    await numbers.served()
    await numbers.snapshot(aspa(3257))
    await refused(numbers, AspaExcludesOperator)
    for hours in (1, 12, 11):  # a publication point that is away for a day
        numbers.clock.advance(hours * HOUR)
        await numbers.snapshot()
        await refused(numbers, AspaUnanswered)
    await numbers.snapshot(key=False)  # 23 hours after the first: this one could not have it
    numbers.clock.advance(HOUR)
    await numbers.snapshot()
    await refused(numbers, AspaUnanswered)
    numbers.clock.advance(23 * HOUR)
    await numbers.snapshot()
    await refused(numbers, AspaUnanswered)
    numbers.clock.advance(HOUR)
    await numbers.snapshot()
    assert await obstacles(numbers) == []


async def test_one_that_was_seen_again_in_between_is_missed_anew(numbers: Numbers) -> None:
    await numbers.served()
    await numbers.snapshot(aspa(3257))
    numbers.clock.advance(HOUR)
    await numbers.snapshot()
    numbers.clock.advance(12 * HOUR)
    await numbers.snapshot(aspa(3257))
    numbers.clock.advance(12 * HOUR)
    await numbers.snapshot()
    await refused(numbers, AspaUnanswered)


async def test_one_that_comes_after_the_announcement_is_an_alarm_and_withdraws_nothing(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    await numbers.want(claim)
    await numbers.snapshot(aspa(3257))
    assert await alarms(numbers) == [("aspa_excludes_operator", f"{CIDR} {ORIGIN} {CUSTOMER}")]
    found = await numbers.reader.bgp_prefix(claim.account_id, claim.id, None)
    assert found.bgp_prefix.desired.advertised
    await numbers.snapshot(aspa(64500))
    assert await alarms(numbers) == []


async def test_a_proof_that_was_taken_back_withdraws_nothing_and_announces_nothing(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    await numbers.want(claim)
    [own] = await numbers.reads.page(None, after=None, limit=10)
    await numbers.revoke(own)
    assert await alarms(numbers) == [("foreign_origin", f"{CIDR} {CUSTOMER}")]
    found = await numbers.reader.bgp_prefix(claim.account_id, claim.id, None)
    assert found.bgp_prefix.desired.advertised
    await numbers.want(claim, advertised=False)
    await refused(numbers, OriginNotOffered)


async def test_a_command_without_settings_does_not_announce_a_customers_number(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    numbers.rules_of_settings = False
    with pytest.raises(AspaExcludesOperator, match="no settings say"):
        await numbers.want(claim)
    numbers.rules_of_settings = True
    await numbers.want(claim)
    await numbers.want(claim, advertised=False)
    numbers.rules_of_settings = False  # its row says what stood before it
    assert (await numbers.want(claim)).bgp_prefix.behind == ORIGIN


async def test_the_as_set_names_numbers_of_approved_prefixes(numbers: Numbers) -> None:
    await numbers.approve(await numbers.bring(Asn(1299)))
    assert await numbers.reads.members() == []
    claim = await numbers.served()
    [member] = await numbers.reads.members()
    assert (member.asn, member.cidrs) == (CUSTOMER, (str(claim.prefix),))


async def preflight(numbers: Numbers, asn: Asn) -> PreflightReport:
    ask = Preflight(numbers.ask, numbers.terms)
    return await ask(numbers.account_id, cidr=CIDR, asn=asn.number)


async def test_the_pre_flight_says_what_aspas_mean_for_it(numbers: Numbers) -> None:
    with pytest.raises(OriginNotOffered):
        await preflight(numbers, CUSTOMER)
    await numbers.approve(await numbers.bring())
    numbers.route((await numbers.submit()).prefix, origin=str(CUSTOMER))
    await numbers.snapshot(aspa(64500), aspa(1299, customer=ORIGIN.number))
    report = await preflight(numbers, CUSTOMER)
    assert report.would_pass
    assert report.upstreams is not None
    assert f"does not list its upstreams {UPSTREAM}" in report.upstreams
    await numbers.snapshot(aspa(3257))
    report = await preflight(numbers, CUSTOMER)
    assert not report.would_pass
    assert (await preflight(numbers, ORIGIN)).pair is None
