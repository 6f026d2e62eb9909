import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import AccountNotFound, CredentialNotFound, Scope
from byoip.store.accounts.credentials import CredentialReader
from byoip.store.accounts.operator_reader import OperatorReader
from tests.accounts import Accounts
from tests.store.samples import SetClock, credential


@pytest.fixture
def credentials(engine: AsyncEngine, clock: SetClock) -> CredentialReader:
    return CredentialReader(engine, clock)


@pytest.fixture
def shown(engine: AsyncEngine) -> OperatorReader:
    return OperatorReader(engine)


async def test_a_token_is_recognised_as_its_credential(
    accounts: Accounts, customer: Account, credentials: CredentialReader
) -> None:
    kept = credential(customer.id)
    await accounts.add_credential(kept, "secret")
    assert await credentials.recognise("secret") == kept
    assert await credentials.recognise("Secret") is None


async def test_an_operators_credential_belongs_to_no_account(
    accounts: Accounts, credentials: CredentialReader
) -> None:
    kept = replace(credential(None), scopes=frozenset({Scope.OPERATOR}))
    await accounts.add_credential(kept, "secret")
    assert await credentials.recognise("secret") == kept


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
    accounts: Accounts, customer: Account, credentials: CredentialReader
) -> None:
    await accounts.add_credential(kept := credential(customer.id), "secret")
    await accounts.revoke(kept.id)
    with pytest.raises(CredentialNotFound):
        await accounts.revoke(kept.id)
    assert await credentials.recognise("secret") is None


async def test_an_expired_credential_is_not_recognised(
    accounts: Accounts, customer: Account, clock: SetClock, credentials: CredentialReader
) -> None:
    kept = replace(credential(customer.id), expires_at=clock.now() + timedelta(hours=1))
    await accounts.add_credential(kept, "secret")
    assert await credentials.recognise("secret") is not None
    clock.advance(timedelta(hours=1))
    assert await credentials.recognise("secret") is None


async def test_the_last_use_is_noted_once_a_minute(
    accounts: Accounts,
    customer: Account,
    clock: SetClock,
    credentials: CredentialReader,
    shown: OperatorReader,
) -> None:
    await accounts.add_credential(credential(customer.id), "secret")
    first = clock.now()
    await asyncio.gather(*(credentials.recognise("secret") for _ in range(5)))
    clock.advance(timedelta(seconds=59))
    await credentials.recognise("secret")
    (kept,) = await shown.credentials(customer.id, after=None, limit=9)
    assert kept.last_used_at == first
    clock.advance(timedelta(seconds=1))
    await credentials.recognise("secret")
    (kept,) = await shown.credentials(customer.id, after=None, limit=9)
    assert kept.last_used_at == first + timedelta(minutes=1)


async def test_credentials_are_listed_by_account_oldest_first(
    accounts: Accounts, customer: Account, shown: OperatorReader
) -> None:
    first = credential(customer.id)
    second, operators = credential(customer.id), credential(None)
    for number, one in enumerate((second, first, operators)):
        await accounts.add_credential(one, f"secret {number}")
    assert await shown.credentials(customer.id, after=None, limit=9) == [first, second]
    assert await shown.credentials(None, after=None, limit=9) == [first, second, operators]
