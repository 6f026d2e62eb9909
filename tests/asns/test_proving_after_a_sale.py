"""A prefix that was frozen for another holder proves no number of that holder, whoever lifted it.

A seller that goes on using its space, as a lessee of the buyer, has the prefix and not the number.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest

from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.claims.claim import Claim
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import RiseState
from byoip.usecases.watch import lift
from byoip.usecases.watch.look import Look
from tests.asns.numbers import Numbers
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, LABEL, WORKER, roa

DAY = timedelta(days=1)
BUYER = "h-3320"  # whose the number is
OLD, NEW = ("ns1.old.example.", "ns2.old.example."), ("ns1.new.example.", "ns2.new.example.")


async def day(numbers: Numbers, claim: Claim, holder: str, many: int = 1) -> None:
    numbers.clock.advance(many * DAY)
    await numbers.statistics(holders=[(CIDR, holder)])
    await numbers.hear()
    look = Look(numbers.store, numbers.registry, numbers.dns, LABEL, numbers.registries)
    await look(claim.id, by=WORKER)


def delegate(numbers: Numbers, claim: Claim, servers: tuple[str, ...]) -> None:
    for zone in reverse_zones(claim.prefix):
        numbers.dns.delegate(zone.name, *servers)


async def sold(numbers: Numbers, *, files: int = 2) -> Claim:
    """The claim of a seller, after so many files that name the buyer."""
    claim = await numbers.holds()
    delegate(numbers, claim, OLD)
    await day(numbers, claim, "seller", 0)
    for _ in range(files):
        await day(numbers, claim, BUYER)
    return claim


async def on_word(numbers: Numbers, claim: Claim) -> None:
    lifting = Verb(numbers.store, partial(lift.lift_freeze, reason="They lease it back."))
    await lifting(claim.id, by=BY)


async def by_a_new_proof(numbers: Numbers, claim: Claim) -> None:
    """The buyer has the zones delegated to the lessee's new servers."""
    delegate(numbers, claim, NEW)
    await day(numbers, claim, BUYER, 15)
    token = (await numbers.issue(claim)).token
    numbers.txt(claim.prefix, token.value)
    await numbers.roas(roa(claim.prefix))
    await numbers.validate(claim)


@pytest.mark.parametrize("lifting", [on_word, by_a_new_proof])
async def test_a_seller_that_goes_on_using_it_has_not_the_buyers_number(
    numbers: Numbers, lifting: Callable[[Numbers, Claim], Awaitable[None]]
) -> None:
    claim = await sold(numbers)
    assert (await numbers.now(claim)).frozen_for == {Signal.HOLDER}
    await lifting(numbers, claim)
    assert (await numbers.now(claim)).frozen_for == frozenset()
    async with numbers.registry_up():
        own = await numbers.bring()
        for _ in range(2):
            assert (await numbers.validate_asn(own)).state is CheckState.MISSING
            await day(numbers, claim, BUYER)


async def test_nor_one_whose_freeze_an_operator_has_dropped(numbers: Numbers) -> None:
    """The breaker of levels had held it: the time starts again with the next file."""
    claim = await sold(numbers, files=1)
    async with numbers.store.transaction(actor=WORKER) as tx:
        await tx.claims.lock(claim.id)
        watch = (await tx.watches.of(claim.id))[Signal.HOLDER]
        await tx.watches.put(claim.id, lift.carried_out(watch, Level.FREEZE, RiseState.DROPPED))
    async with numbers.registry_up():
        said = await numbers.validate_asn(await numbers.bring())
    assert said.state is CheckState.MISSING
