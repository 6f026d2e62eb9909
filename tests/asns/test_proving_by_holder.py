"""Own AS numbers proven by holder: the same opaque id as a prefix that spans its whole row."""

from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.asns.own_asn import ProvenBy
from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.evidence import CheckState
from byoip.domain.watch.levels import Signal
from byoip.usecases.watch import lift
from tests.asns.numbers import Numbers
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, WORKER


@pytest.mark.parametrize(
    ("holders", "proves"),
    [
        pytest.param([(CIDR, "h-3320")], True, id="the row"),
        pytest.param([("31.0.1.0/24", "h-3320"), ("31.0.0.0/24", "y")], True, id="a row inside"),
        pytest.param([(CIDR, "another")], False, id="another holder's"),
        pytest.param([("31.0.0.0/22", "h-3320")], False, id="a part of the row"),
        pytest.param([(CIDR, "h-3320"), ("31.0.2.0/24", "h-3320")], False, id="cut, after"),
        pytest.param([(CIDR, "h-3320"), ("30.255.255.0/24", "h-3320")], False, id="cut, before"),
        pytest.param([(CIDR, "h-3320"), ("31.0.2.0/24", "another")], True, id="beside another's"),
    ],
)
async def test_the_holder_of_a_prefix_that_spans_a_whole_row_has_its_numbers(
    numbers: Numbers, holders: list[tuple[str, str]], proves: bool
) -> None:
    await numbers.holds()
    await numbers.statistics(holders=holders)
    await numbers.hear()
    own = await numbers.bring()
    async with numbers.registry_up():
        said = await numbers.validate_asn(own)
        stranger = await numbers.bring(account_id=await numbers.new_account())
        assert (await numbers.validate_asn(stranger)).state is CheckState.MISSING
    assert said.proven is proves
    if proves:
        assert (said.proven_by, said.holder) == (ProvenBy.HOLDER, "h-3320")
        assert CIDR in said.evidence


async def test_a_prefix_that_was_sold_proves_no_number_of_its_buyer(numbers: Numbers) -> None:
    claim = await numbers.holds()
    await numbers.statistics(holders=[(CIDR, "seller")])
    await numbers.hear()
    own = await numbers.bring()
    async with numbers.registry_up():
        for _ in range(2):
            numbers.clock.advance(timedelta(days=1))
            await numbers.statistics(holders=[(CIDR, "h-3320")])
            assert (await numbers.validate_asn(own)).state is CheckState.MISSING  # not heard yet
            await numbers.hear()
            assert (await numbers.validate_asn(own)).state is CheckState.MISSING
    assert (await numbers.now(claim)).frozen_for == {Signal.HOLDER}


@pytest.mark.parametrize("hours", [0, 24])
async def test_who_leases_back_what_it_sold_has_no_number_of_its_buyer(
    numbers: Numbers, hours: int
) -> None:
    """An operator has lifted the freeze, and what files say now counts as right."""
    claim = await numbers.holds()
    await numbers.statistics(holders=[(CIDR, "seller")])
    await numbers.hear()
    for _ in range(2):
        numbers.clock.advance(timedelta(days=1))
        await numbers.statistics(holders=[(CIDR, "h-3320")])
        await numbers.hear()
    await Verb(numbers.store, lift.lift_freeze)(claim.id, reason="Leased back.", by=WORKER)
    numbers.clock.advance(timedelta(hours=hours))
    await numbers.statistics(holders=[(CIDR, "h-3320")])
    await numbers.hear()
    assert not (await numbers.now(claim)).frozen_for
    async with numbers.registry_up():
        said = await numbers.validate_asn(await numbers.bring())
    assert said.state is CheckState.MISSING, said.evidence


async def test_who_sold_all_of_much_space_in_a_day_proves_no_number_of_its_buyer(
    numbers: Numbers,
) -> None:
    """It is no registry that has numbered its holders anew: rows of one holder changed only."""
    await numbers.holds()
    rows = [CIDR, *(f"31.0.{one}.0/24" for one in range(10, 40))]
    for holder in ("seller", "h-3320"):
        await numbers.statistics(holders=[(cidr, holder) for cidr in rows])
        await numbers.hear()
        numbers.clock.advance(timedelta(days=1))
    async with numbers.registry_up():
        said = await numbers.validate_asn(await numbers.bring())
    assert said.state is CheckState.MISSING


@pytest.mark.parametrize("again", [True, False], ids=["as it was", "new ids"])
async def test_ids_that_a_registry_made_anew_prove_no_number_by_what_was_proven_before(
    numbers: Numbers, again: bool
) -> None:
    """A lone prefix that was sold on that day looks as one that was not."""
    await numbers.holds()
    rows = [CIDR, *(f"31.0.{one}.0/24" for one in range(10, 40))]
    none = AsnRange(3321, 3321, "ripencc", "allocated", "other")
    numbers.clock.advance(timedelta(days=1))
    await numbers.statistics(
        none, holders=[(one, "h-3320" if again and one == CIDR else f"old-{one}") for one in rows]
    )
    await numbers.hear()
    numbers.clock.advance(timedelta(days=1))
    await numbers.statistics(
        holders=[
            (one, "h-3320" if one == CIDR else f"{'old' if again else 'new'}-{one}") for one in rows
        ]
    )
    await numbers.hear()
    async with numbers.registry_up():
        said = await numbers.validate_asn(await numbers.bring())
    assert said.proven is again


async def test_a_frozen_prefix_proves_no_number(numbers: Numbers) -> None:
    claim = await numbers.holds()
    await numbers.statistics(holders=[(CIDR, "h-3320")])
    await numbers.hear()
    async with numbers.store.transaction(actor=WORKER) as tx:
        locked = await tx.claims.lock(claim.id)
        await tx.claims.save(replace(locked, frozen_for=frozenset({Signal.ROA})))
    own = await numbers.bring()
    async with numbers.registry_up():
        assert (await numbers.validate_asn(own)).state is CheckState.MISSING
