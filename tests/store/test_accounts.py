import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import AccountNotFound, Scope
from byoip.store.accounts.accounts import Accounts
from tests.store.samples import SetClock, credential


async def test_a_token_is_recognised_as_its_credential(
    accounts: Accounts, customer: Account
) -> None:
    kept = credential(customer.id)
    await accounts.add_credential(kept, "secret")
    assert await accounts.recognise("secret") == kept
    assert await accounts.recognise("Secret") is None


async def test_an_operators_credential_belongs_to_no_account(accounts: Accounts) -> None:
    kept = replace(credential(None), scopes=frozenset({Scope.OPERATOR}))
    await accounts.add_credential(kept, "secret")
    assert await accounts.recognise("secret") == kept


async def test_only_the_hash_of_a_token_is_kept(
    accounts: Accounts, customer: Account, engine: AsyncEngine
) -> None:
    await accounts.add_credential(credential(customer.id), "secret")
    async with engine.connect() as connection:
        kept = await connection.scalar(text("SELECT credentials::text FROM credentials"))
        proof = text("SELECT token_sha256 = sha256('secret') FROM credentials")
        assert await connection.scalar(proof)
    assert "secret" not in kept


async def test_a_credential_needs_its_account(accounts: Accounts) -> None:
    with pytest.raises(AccountNotFound):
        await accounts.add_credential(credential(uuid4()), "secret")


async def test_a_revoked_credential_is_not_recognised(
    accounts: Accounts, customer: Account
) -> None:
    await accounts.add_credential(kept := credential(customer.id), "secret")
    assert await accounts.revoke(kept.id)
    assert not await accounts.revoke(kept.id)
    assert await accounts.recognise("secret") is None


async def test_an_expired_credential_is_not_recognised(
    accounts: Accounts, customer: Account, clock: SetClock
) -> None:
    kept = replace(credential(customer.id), expires_at=clock.now() + timedelta(hours=1))
    await accounts.add_credential(kept, "secret")
    assert await accounts.recognise("secret") is not None
    clock.advance(timedelta(hours=1))
    assert await accounts.recognise("secret") is None


async def test_the_last_use_is_noted_once_a_minute(
    accounts: Accounts, customer: Account, clock: SetClock
) -> None:
    await accounts.add_credential(credential(customer.id), "secret")
    first = clock.now()
    await asyncio.gather(*(accounts.recognise("secret") for _ in range(5)))
    clock.advance(timedelta(seconds=59))
    await accounts.recognise("secret")
    (kept,) = await accounts.credentials(customer.id)
    assert kept.last_used_at == first
    clock.advance(timedelta(seconds=1))
    await accounts.recognise("secret")
    (kept,) = await accounts.credentials(customer.id)
    assert kept.last_used_at == first + timedelta(minutes=1)


async def test_credentials_are_listed_by_account_oldest_first(
    accounts: Accounts, customer: Account
) -> None:
    first = credential(customer.id)
    second, operators = credential(customer.id), credential(None)
    for number, one in enumerate((second, first, operators)):
        await accounts.add_credential(one, f"secret {number}")
    assert await accounts.credentials(customer.id) == [first, second]
    assert await accounts.credentials(None) == [first, second, operators]
