"""Time 4.2: that a number has no ASPA is believed with care, and said in evidence."""

from datetime import timedelta

import pytest

from byoip.domain.asns.aspa import AspaExcludesOperator, AspaUnanswered
from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.evidence import Check, Passed
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.domain.claims.claim import Claim
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from tests.asns.disputes import first
from tests.asns.numbers import CUSTOMER, Numbers, aspa
from tests.asns.test_announcing import obstacles, refused
from tests.usecases.world import CIDR

HOUR = timedelta(hours=1)
NONE = "AS3320 has no ASPA: by the operator's policy it is announced without one."


async def gone(numbers: Numbers, hours: int = 24) -> None:
    """It is absent from accepted snapshots for so long."""
    await numbers.snapshot()
    numbers.clock.advance(hours * HOUR)
    await numbers.snapshot()


async def approved_by(numbers: Numbers, claim: Claim) -> list[str]:
    """What the run that approved it kept beside the ROA."""
    [run] = [one for one in await numbers.runs(claim) if one.run.result == "approved"]
    found = [one.outcome for one in run.findings if one.check is Check.RPKI]
    assert found
    assert all(isinstance(one, Passed) for one in found)
    return [said for one in found if isinstance(one, Passed) for said in one.warnings]


async def test_the_evidence_of_approval_and_announcement_says_that_there_is_none(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    assert set(await approved_by(numbers, claim)) == {NONE}
    await numbers.want(claim)
    assert (await numbers.events(claim))[-1].after["aspa"] == NONE
    await numbers.want(claim, advertised=False)
    await numbers.snapshot(aspa(64500))
    await numbers.want(claim)
    said = (await numbers.events(claim))[-1].after["aspa"]
    assert said == "The ASPA of AS3320 lists AS64500."


async def test_where_the_policy_demands_one_the_evidence_says_what_it_would_take(
    numbers: Numbers,
) -> None:
    numbers.without_aspa = False
    claim = await numbers.served()
    assert claim.approved
    [said] = set(await approved_by(numbers, claim))
    assert "by the operator's policy it is not announced without one" in said
    assert "all of these providers: AS64500." in said


async def test_of_a_number_that_is_not_proven_any_more_no_policy_is_told(numbers: Numbers) -> None:
    claim = await numbers.served()
    await numbers.revoke(await first(numbers))
    numbers.txt(claim.prefix, (await numbers.token(claim)).value)
    run = await numbers.validate(claim)
    found = [one.outcome for one in run.findings if one.check is Check.RPKI]
    assert found
    for one in found:
        assert isinstance(one, Passed)
        assert "This account has not proven AS3320, or not any more." in one.warnings
        assert NONE not in one.warnings


async def test_evidence_of_an_origin_of_the_operators_says_nothing_of_aspas(
    numbers: Numbers,
) -> None:
    claim = await numbers.claim()
    await numbers.prove(claim)
    await numbers.validate(claim)
    assert await approved_by(numbers, await numbers.now(claim)) == []


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([AsnRange(1, 1, "arin", "allocated", "x")], id="of no statistics"),
        pytest.param([AsnRange(3320, 3320, "ripencc", "available", "")], id="nobody's"),
        pytest.param(
            [
                AsnRange(3320, 3320, "ripencc", "allocated", "x"),
                AsnRange(3320, 3320, "apnic", "allocated", "x"),
            ],
            id="of two registries",
        ),
    ],
)
async def test_which_registry_answers_for_it_is_for_the_statistics_of_numbers_to_say(
    numbers: Numbers, rows: list[AsnRange]
) -> None:
    await numbers.served()
    await numbers.statistics(*rows)
    for anchor in ("ripe", "apnic"):
        await numbers.snapshot(anchor=anchor)
        await refused(numbers, AspaUnanswered)


async def test_the_anchor_that_an_entry_names_decides_nothing(numbers: Numbers) -> None:
    """Routinator writes one, rpki-client does not."""
    claim = await numbers.served()
    await numbers.snapshot({"customer": "AS3320", "providers": ["AS64500"], "ta": "apnic"})
    assert (await numbers.want(claim)).bgp_prefix.desired.advertised
    await numbers.want(claim, advertised=False)
    await gone(numbers, 23)
    await numbers.snapshot(
        {"customer": "AS1299", "providers": ["AS1"], "ta": "ripe"}, anchor="apnic"
    )
    await refused(numbers, AspaUnanswered)


async def test_a_snapshot_without_its_registry_in_between_begins_the_day_anew(
    numbers: Numbers,
) -> None:
    await numbers.served()
    await numbers.snapshot(aspa(64500))
    await gone(numbers, 12)
    await numbers.snapshot(anchor="apnic")
    numbers.clock.advance(12 * HOUR)
    await numbers.snapshot()
    await refused(numbers, AspaUnanswered)
    numbers.clock.advance(24 * HOUR)
    await numbers.snapshot()
    assert await obstacles(numbers) == []


async def test_a_snapshot_that_was_refused_counts_for_nothing(numbers: Numbers) -> None:
    await numbers.served()
    await numbers.snapshot(aspa(64500))
    numbers.clock.advance(HOUR)
    await numbers.snapshot(gates=GatePolicy(floor=5))
    assert (await VrpSnapshots(numbers.engine).status()).refused_since == 1
    assert await obstacles(numbers) == []  # the one before counts
    numbers.clock.advance(24 * HOUR)
    await numbers.snapshot()
    await refused(numbers, AspaUnanswered)
    numbers.clock.advance(24 * HOUR)
    await numbers.snapshot()
    assert await obstacles(numbers) == []


async def test_one_that_could_not_be_read_was_there(numbers: Numbers) -> None:
    await numbers.served()
    await numbers.snapshot({"customer_asid": CUSTOMER.number, "providers": "x"})
    await refused(numbers, AspaUnanswered)
    await gone(numbers, 23)
    await refused(numbers, AspaUnanswered)
    await gone(numbers, 1)
    assert await obstacles(numbers) == []


async def test_an_entry_of_no_customer_makes_all_unanswered_for_as_long(numbers: Numbers) -> None:
    await numbers.served()
    await numbers.snapshot(aspa(64500))
    await numbers.snapshot({"providers": [64500]})
    await refused(numbers, AspaUnanswered)
    numbers.clock.advance(24 * HOUR)
    await gone(numbers, 23)
    await refused(numbers, AspaUnanswered)
    await gone(numbers, 1)
    assert await obstacles(numbers) == []


async def test_one_that_was_gone_for_a_week_is_not_waited_for(numbers: Numbers) -> None:
    """All that is left of it is older than seven days: one snapshot is enough."""
    await numbers.served()
    await numbers.snapshot(aspa(3257))
    await refused(numbers, AspaExcludesOperator)
    numbers.clock.advance(timedelta(days=7))
    await numbers.snapshot()
    await refused(numbers, AspaUnanswered)
    numbers.clock.advance(HOUR)
    await numbers.snapshot()
    assert await obstacles(numbers) == []
    [view] = await numbers.reader.claims(numbers.account_id, after=None, limit=2)
    assert str(view.claim.prefix) == CIDR
    assert (await numbers.want(view.claim)).bgp_prefix.desired.advertised
