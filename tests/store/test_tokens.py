import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.accounts.account import Account
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import OwnershipToken, TokenNotFound
from byoip.store.transaction import Store
from tests.store.samples import SetClock, claim, token, undone


async def _consume(store: Store, one: OwnershipToken) -> bool:
    async with store.transaction() as tx:
        return await tx.tokens.consume(one.id)


async def test_a_token_is_consumed_by_exactly_one_of_many(store: Store, kept: Claim) -> None:
    one = token(kept)
    async with store.transaction() as tx:
        await tx.tokens.add(one)
    spent = await asyncio.gather(*(_consume(store, one) for _ in range(20)))
    assert sorted(spent) == [False] * 19 + [True]
    async with store.transaction() as tx:
        assert (await tx.tokens.get(kept.id, one.id)).consumed_at is not None
        assert await tx.tokens.live(kept.id) is None
        newest = await tx.tokens.newest(kept.id)
        assert newest is not None
        assert newest.id == one.id


async def test_a_transaction_that_fails_spends_nothing(store: Store, kept: Claim) -> None:
    one = token(kept)
    async with store.transaction() as tx:
        await tx.tokens.add(one)
    async with undone(store) as tx:
        assert await tx.tokens.consume(one.id)
    assert await _consume(store, one)


async def test_an_expired_token_is_not_consumed(store: Store, kept: Claim) -> None:
    made = token(kept)
    expired = replace(
        made, created_at=made.created_at - timedelta(days=8), expires_at=made.created_at
    )
    async with store.transaction() as tx:
        await tx.tokens.add(expired)
        assert await tx.tokens.live(kept.id) == expired
    assert not await _consume(store, expired)


async def test_a_revoked_token_is_not_consumed(store: Store, kept: Claim, clock: SetClock) -> None:
    one = token(kept)
    async with store.transaction() as tx:
        await tx.tokens.add(one)
        await tx.tokens.save(one.revoke(clock.now()))
        assert await tx.tokens.newest(kept.id) is None
    assert not await _consume(store, one)


async def test_a_consumed_token_is_not_revoked(store: Store, kept: Claim, clock: SetClock) -> None:
    one = token(kept)
    async with store.transaction() as tx:
        await tx.tokens.add(one)
        await tx.tokens.consume(one.id)
    with pytest.raises(RuntimeError):
        async with store.transaction() as tx:
            await tx.tokens.save(one.revoke(clock.now()))


async def test_a_token_is_found_at_its_own_claim_only(
    store: Store, kept: Claim, customer: Account
) -> None:
    other, one = claim(customer.id, "198.51.100.0/24"), token(kept)
    async with store.transaction() as tx:
        await tx.claims.add(other)
        await tx.tokens.add(one)
        assert await tx.tokens.get(kept.id, one.id) == one
        with pytest.raises(TokenNotFound):
            await tx.tokens.get(other.id, one.id)


async def test_issued_tokens_are_counted(store: Store, kept: Claim, clock: SetClock) -> None:
    async with store.transaction() as tx:
        for _ in range(2):
            await tx.tokens.add(one := token(kept))
            await tx.tokens.save(one.revoke(clock.now()))
        assert await tx.tokens.issued_since(kept.id, one.created_at - timedelta(hours=1)) == 2
        assert await tx.tokens.issued_since(kept.id, one.created_at) == 1
