from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.account import Account
from byoip.domain.claims.claim import Claim
from byoip.store.claims.reader import CustomerReader
from byoip.store.engine import PoolSize, make_engine
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.databases import fresh_database
from tests.store.rows import ACCOUNT, NOW, OTHER, Database, insert
from tests.store.samples import SetClock, account, claim


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


@pytest.fixture
async def kept(store: Store, customer: Account) -> Claim:
    """A claim of the customer's."""
    made = claim(customer.id)
    async with store.transaction() as tx:
        await tx.claims.add(made)
    return made


@pytest.fixture
async def several(store: Store, customer: Account) -> list[Claim]:
    """More claims of the customer's, that do not overlap."""
    made = [claim(customer.id, f"198.18.{number}.0/24") for number in range(8)]
    async with store.transaction() as tx:
        for one in made:
            await tx.claims.add(one)
    return made


@pytest.fixture(scope="module")
def opened(
    request: pytest.FixtureRequest, postgres_url: str, template_database: str
) -> Iterator[Database]:
    """A database with two accounts and the module's ROWS."""
    with (
        fresh_database(postgres_url, template=template_database) as url,
        psycopg.connect(url, row_factory=dict_row) as connection,
    ):
        for one in (ACCOUNT, OTHER):
            made = {"id": one, "name": "", "prefix_quota": 10, "created_at": NOW}
            insert(connection, "accounts", made)
        for table, row in request.module.ROWS:
            insert(connection, table, row)
        connection.commit()
        yield connection


@pytest.fixture
def database(opened: Database) -> Iterator[Database]:
    """The same for each test: what one writes is rolled back."""
    yield opened
    opened.rollback()
