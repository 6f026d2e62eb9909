"""Failover 2.2: a route in doubt stays as it is at each speaker, until a person speaks.

Its lost withdrawal may have been half-way: what one speaker still holds is no word of the owner.
"""

import pytest

from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.store.transaction import Transaction
from byoip.usecases.routes.bgp_prefixes import advertise
from tests.announcing import OWNER, Fleet, looks, reconciling, speaker, until
from tests.routes.test_2_3_nothing_that_is_not_up import SEEN, holds, up, waiting


async def promoted(tx: Transaction, prefix: Prefix, fleet: Fleet) -> None:
    """With a loss that is known."""
    await tx.restores.doubt({fleet.ids[prefix][2]}, set(), tx.now)


async def restored(tx: Transaction, prefix: Prefix, fleet: Fleet) -> None:
    """While a process remembers a newer change of the route."""
    await tx.restores.forget_applied({fleet.ids[prefix][2]}, set(), tx.now)


@pytest.mark.parametrize("judged", [promoted, restored])
async def test_it_is_neither_announced_nor_withdrawn(fleet: Fleet, judged: object) -> None:
    assert callable(judged)
    (first,) = await fleet.add("31.0.0.0/24", advertised=True)
    claim, _, row = fleet.ids[first]
    ((account,),) = await fleet.ask("SELECT account_id FROM prefixes")
    one, two = speaker("one"), speaker("two")
    await up(fleet, one, first)
    async with fleet.store.transaction(actor=Actor("worker", "judged")) as tx:
        await judged(tx, first, fleet)
    async with reconciling(fleet, one, two, stages=[1, 1]):
        await looks(one, count=5)
        await looks(two, count=5)
        assert await holds(one, first)
        assert await holds(two)
        one.lose(first)
        await until(lambda: holds(one, first))
        await fleet.do(SEEN)
        async with fleet.store.transaction() as tx:
            released = await tx.unreleased.release_up(["one", "two"])
            assert released == ([], 1), "it is seen, and waits on"
        await looks(two, count=5)
        assert await holds(two)
        assert await waiting(fleet) == {str(first)}
        await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now()")
        async with fleet.store.transaction(actor=OWNER) as tx:
            await advertise(tx, account, claim, row, advertised=True)
        await until(lambda: holds(two, first))
        await until(lambda: _released(fleet))


async def _released(fleet: Fleet) -> bool:
    return not await waiting(fleet)
