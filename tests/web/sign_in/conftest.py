"""Fixtures: an OpenID provider in a process of its own, and the pages that sign in there."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.sign_in.endpoints import Client
from byoip.adapters.sign_in.openid_provider import OpenIdProvider
from byoip.api.application import bare_application, served
from byoip.composition.pages import pages_of
from byoip.domain.accounts.people import Role
from byoip.domain.accounts.sign_in import Place
from byoip.store.accounts.people_reader import PeopleReader
from byoip.web.site import SignsIn
from tests.api.world import World
from tests.web.conftest import database_url, document, engine, judge, operator, world
from tests.web.sign_in.elsewhere import PATIENCE, Elsewhere, Provider

__all__ = ["database_url", "document", "engine", "judge", "operator", "world"]  # fixtures


@pytest.fixture(scope="session")
def openid_server() -> Iterator[str]:
    program = Path(__file__).with_name("openid_server.py")
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        port = int(started.stdout.readline())
        yield f"http://127.0.0.1:{port}"
        started.terminate()


@pytest.fixture
def provider(openid_server: str) -> Iterator[Provider]:
    with httpx.Client(base_url=openid_server, trust_env=False, timeout=60) as client:
        made = Provider(client, openid_server)
        made.tell(
            reset=True,
            users={
                "grace": {"sub": "u-1", "name": "Grace Höpper", "groups": ["noc", "staff"]},
                "ada": {"sub": "u-2", "name": "Ada", "groups": ["acme-admins"]},
                "joe": {"sub": "u-3", "name": "Joe", "groups": ["staff"]},
            },
        )
        yield made


@pytest.fixture
async def elsewhere(
    world: World, engine: AsyncEngine, provider: Provider
) -> AsyncIterator[Elsewhere]:
    """The pages of a world whose people sign in at the provider."""
    places = (
        Place("noc", Role.OPERATOR),
        Place("noc-viewers", Role.OPERATOR_VIEWER),
        Place("acme-admins", Role.ADMIN, world.account_id),
        Place("acme-viewers", Role.VIEWER, world.account_id),
        Place("other-admins", Role.ADMIN, world.other_account_id),
    )
    client = Client(provider.issuer, "byoip", "s:e/c ret")
    asked = OpenIdProvider(client, world.clock, seconds=PATIENCE)
    signs = SignsIn(asked, places, timedelta(minutes=30), "Example SSO")
    people = PeopleReader(engine, world.clock)
    backend = replace(
        world.backend,
        metrics=CollectorRegistry(),
        pages=partial(pages_of, people=people, elsewhere=signs),
    )
    app = bare_application(backend)
    transport = httpx.ASGITransport(served(app, backend), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as made:
        yield Elsewhere(replace(world, app=app, client=made, backend=backend), provider)
