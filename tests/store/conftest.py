from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.ports.accounts.accounts import Account
from byoip.store.accounts.accounts import PostgresAccounts
from byoip.store.claims.reader import PostgresReader
from byoip.store.engine import PoolSize, make_engine
from byoip.store.transaction import PostgresStore
from tests.store.samples import SetClock, account


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url, pool=PoolSize(kept=5, more=30))
    yield made
    await made.dispose()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(engine: AsyncEngine, clock: SetClock) -> PostgresStore:
    return PostgresStore(engine, clock)


@pytest.fixture
def reader(engine: AsyncEngine) -> PostgresReader:
    return PostgresReader(engine)


@pytest.fixture
def accounts(engine: AsyncEngine, clock: SetClock) -> PostgresAccounts:
    return PostgresAccounts(engine, clock)


@pytest.fixture
async def customer(accounts: PostgresAccounts) -> Account:
    made = account()
    await accounts.create(made)
    return made
