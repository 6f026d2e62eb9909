from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.application import bare_application, served
from byoip.domain.accounts.credential import Scope
from byoip.store.bindings.services import seed_services
from byoip.store.engine import PoolSize, make_engine
from byoip.store.transaction import Store
from tests.api.documented import Document
from tests.api.operators import Operator
from tests.api.world import World, new_account
from tests.databases import fresh_database
from tests.fakes.backend import ExternalServices, make_backend
from tests.net import today
from tests.store.samples import SetClock


@pytest.fixture(scope="package")
def shared_database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """One database for all API tests: each has accounts and approved space of its own."""
    with fresh_database(postgres_url, template=template_database) as url:
        yield url


@pytest.fixture
def database_url(restored_url: str) -> str:
    return restored_url


async def _offer(engine: AsyncEngine) -> None:
    await seed_services(engine, [("CDN", False), ("Magic Transit", True), ("Spectrum", False)])


@pytest.fixture(scope="package")
async def engine(shared_database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(shared_database_url, pool=PoolSize(kept=3, more=5))
    await _offer(made)
    yield made
    await made.dispose()


@pytest.fixture
async def own_engine(restored_url: str, lasting_engine: AsyncEngine) -> AsyncEngine:  # noqa: ARG001 - restored
    """For tests of what is the same for all accounts: a database that one test alone uses."""
    await _offer(lasting_engine)
    return lasting_engine


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """The OpenAPI document; made once, for it takes a second and is the same for all."""
    return today.app().openapi()


@pytest.fixture(scope="session")
def judge(document: dict[str, Any]) -> Document:
    return Document(document)


@pytest.fixture
async def world(engine: AsyncEngine, judge: Document) -> AsyncIterator[World]:
    clock, outside = SetClock(), ExternalServices()
    backend = make_backend(engine, clock, outside)
    app = bare_application(backend)
    transport = httpx.ASGITransport(served(app, backend), raise_app_exceptions=False)
    hooks = {"response": [judge.check]}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://byoip.test", event_hooks=hooks
    ) as client:
        made = World(
            app=app,
            client=client,
            backend=backend,
            store=Store(engine, clock),
            clock=clock,
            outside=outside,
            account_id=await new_account(backend),
            token="",
            other_account_id=await new_account(backend),
            other_token="",
        )
        made.token = await made.credential(made.account_id)
        made.other_token = await made.credential(made.other_account_id)
        yield made


@pytest.fixture
async def operator(world: World) -> Operator:
    return Operator(world, await world.credential(None, [Scope.OPERATOR]))


@pytest.fixture
def unknown_id() -> str:
    return uuid4().hex
