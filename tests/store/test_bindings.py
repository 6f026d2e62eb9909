from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.bindings.service_binding import (
    BindingExists,
    BindingNotFound,
    Service,
    ServiceNotFound,
)
from byoip.domain.claims.claim import Claim
from byoip.domain.routes.bgp_prefix import Contested
from byoip.store.bindings.services import seed_services
from byoip.store.claims.reader import CustomerReader
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.store.samples import SetClock, account, binding, claim


@pytest.fixture
async def offered(engine: AsyncEngine, reader: CustomerReader) -> list[Service]:
    await seed_services(engine, [("cdn", False), ("spectrum", True)])
    return list(await reader.services())


async def test_bindings_come_back_in_address_order(
    store: Store, kept: Claim, offered: list[Service]
) -> None:
    parts = ["192.0.2.128/25", "192.0.2.0/24", "192.0.2.0/25"]
    made = [binding(kept, offered[0], part) for part in parts]
    async with store.transaction() as tx:
        for one in made:
            await tx.bindings.add(one)
        assert await tx.bindings.of(kept.id) == [made[1], made[2], made[0]]


async def test_one_range_is_bound_once(store: Store, kept: Claim, offered: list[Service]) -> None:
    async with store.transaction() as tx:
        await tx.bindings.add(binding(kept, offered[0]))
    with pytest.raises(BindingExists):
        async with store.transaction() as tx:
            await tx.bindings.add(binding(kept, offered[1]))


async def test_a_service_is_swapped_in_place(
    store: Store, kept: Claim, offered: list[Service]
) -> None:
    async with store.transaction() as tx:
        await tx.bindings.add(made := binding(kept, offered[0]))
        await tx.bindings.swap(made.id, offered[1])
        (swapped,) = await tx.bindings.of(kept.id)
    assert (swapped.id, swapped.service) == (made.id, offered[1])


async def test_a_removed_binding_is_gone_and_makes_room(
    store: Store, kept: Claim, offered: list[Service], clock: SetClock
) -> None:
    async with store.transaction() as tx:
        await tx.bindings.add(made := binding(kept, offered[0]))
        await tx.bindings.remove(made.id, clock.now())
        assert await tx.bindings.of(kept.id) == []
        with pytest.raises(BindingNotFound):
            await tx.bindings.remove(made.id, clock.now())
        await tx.bindings.add(again := binding(kept, offered[1]))
        assert await tx.bindings.of(kept.id) == [again]


async def test_a_service_is_found_by_its_id(store: Store, offered: list[Service]) -> None:
    async with store.transaction() as tx:
        assert await tx.services.get(offered[1].id) == offered[1]
        with pytest.raises(ServiceNotFound):
            await tx.services.get(uuid4())


async def test_two_claims_never_answer_for_the_same_addresses(
    store: Store, kept: Claim, offered: list[Service], accounts: Accounts
) -> None:
    """One whose approval was revoked keeps what it bound: who is approved after it has to wait."""
    await accounts.create(rival := account())
    other = claim(rival.id)
    async with store.transaction() as tx:
        await tx.claims.add(other)
        await tx.bindings.add(first := binding(kept, offered[0]))
    with pytest.raises(Contested):
        async with store.transaction() as tx:
            await tx.bindings.add(binding(other, offered[0]))
    async with store.transaction() as tx:
        await tx.bindings.remove(first.id, SetClock().now())
        await tx.bindings.add(binding(other, offered[0]))
