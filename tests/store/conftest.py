from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.account import Account
from byoip.store.claims.reader import CustomerReader
from byoip.store.engine import PoolSize, make_engine
from byoip.store.transaction import Store
from tests.accounts import Accounts
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
def store(engine: AsyncEngine, clock: SetClock) -> Store:
    return Store(engine, clock)


@pytest.fixture
def reader(engine: AsyncEngine) -> CustomerReader:
    return CustomerReader(engine)


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return Accounts(store)


@pytest.fixture
async def customer(accounts: Accounts) -> Account:
    made = account()
    await accounts.create(made)
    return made
