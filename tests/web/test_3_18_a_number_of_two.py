"""Page, 1.2: looking for the proof of a number that another account has proven, by its page."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.api.application import bare_application, served
from byoip.domain.accounts.people import Role
from byoip.usecases.asns.prove_asn import ProveAsn
from tests.api.world import World
from tests.asns.disputes import approved_asn
from tests.asns.numbers import Numbers
from tests.usecases.world import LABEL
from tests.web.browser import Browser, Reading, signed_in


class Contested:
    """The number is another account's, and the registry answers for real."""

    def __init__(self, world: World, numbers: Numbers, editor: Browser, page: str) -> None:
        self.world, self.numbers, self.editor, self.page = world, numbers, editor, page

    async def publish(self) -> None:
        async with self.world.store.transaction() as tx:
            own = await tx.own_asns.get(self.world.other_account_id, UUID(self.page[-32:]))
        self.numbers.aut_num(f"remarks: {LABEL}: {own.token}")

    async def disputes(self) -> int:
        return len(await self.world.backend.own_asns.disputes.listed())


@pytest.fixture
async def contested(world: World, engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Contested]:
    numbers = Numbers(engine, tmp_path)
    numbers.clock = world.clock
    await numbers.statistics()
    async with numbers.registry_up():
        registry = WhoisRegistry(world.clock, deadline=60)
        prove = ProveAsn(world.store, registry, numbers.here, LABEL, 120.0)
        backend = replace(world.backend, metrics=CollectorRegistry(), prove_asn=prove)
        app = bare_application(backend)
        transport = httpx.ASGITransport(served(app, backend), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
            of = replace(world, app=app, client=client, backend=backend)
            await approved_asn(of.store, backend.asn_terms, of.account_id, 3320)
            editor = await signed_in(of, Role.EDITOR, account_id=of.other_account_id)
            answer = await editor.send(await editor.form("/ui/asns", "/ui/asns"), asn="3320")
            yield Contested(of, numbers, editor, answer.headers["location"].partition("?")[0])


async def test_1_2_it_is_said_that_another_account_has_proven_it(contested: Contested) -> None:
    await contested.publish()
    editor = contested.editor
    answer = await editor.send(await editor.form(contested.page, "/look"))
    assert answer.status_code == 409
    assert "Another account has proven AS3320" in Reading(answer.text).text
    assert await contested.disputes() == 1


async def test_1_2_an_old_page_opens_no_dispute(contested: Contested) -> None:
    editor = contested.editor
    old = await editor.form(contested.page, "/look")
    await editor.send(await editor.form(contested.page, "/token"))
    await contested.publish()
    assert (await editor.send(old)).status_code == 412
    assert await contested.disputes() == 0
