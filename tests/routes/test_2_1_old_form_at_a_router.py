"""Routes 2.1: an old form to open a speaker takes nothing from a real router."""

import asyncio
from uuid import UUID

import httpx
import pytest

from byoip.api.application import bare_application, served
from byoip.domain.accounts.people import Role
from byoip.store.speakers.routes import Alarm
from tests.announcing import Fleet, reconciling, until
from tests.api.world import World
from tests.fakes.backend import ExternalServices, make_backend
from tests.real.edge import running_edge
from tests.routes.test_2_1_opening import detail, stands
from tests.routes.test_2_1_seen_by_a_router import OTHERS, PACE, filled, holds, restart
from tests.web.browser import Browser, Form, signed_in
from tests.web.test_4_noc import NOC, acting

pytestmark = pytest.mark.real
NOBODY = UUID(int=1)


def pages(fleet: Fleet) -> World:
    """The operator's pages, over the database that the reconciler works on."""
    outside = ExternalServices()
    backend = make_backend(fleet.engine, fleet.clock, outside)
    app = bare_application(backend)
    asked = httpx.ASGITransport(served(app, backend), raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=asked, base_url="http://byoip.test")
    return World(
        app=app,
        client=client,
        backend=backend,
        store=fleet.store,
        clock=fleet.clock,
        outside=outside,
        account_id=NOBODY,
        token="",
        other_account_id=NOBODY,
        other_token="",
    )


async def old_form(fleet: Fleet, browser: Browser) -> Form:
    """Drawn when one route was missing, before that was settled."""
    alarm = Alarm("sessions_shut", "one", "it lacks 1 routes that no party withdrew: 31.0.1.0/24")
    await fleet.routes.replace_alarms("sessions_shut", [alarm], fleet.clock.now())
    found = await acting(browser, NOC, "open")
    await fleet.routes.replace_alarms("sessions_shut", [], fleet.clock.now())
    return found


async def test_an_old_form_has_no_200_routes_dropped(fleet: Fleet) -> None:
    nora = await signed_in(pages(fleet), Role.OPERATOR, name="Nora")
    (new,) = await fleet.add("31.0.0.0/24")
    form = await old_form(fleet, nora)
    async with running_edge("one", graceful=True) as edge:
        judge = await filled(fleet, edge, "one")
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE):
            await until(lambda: recorded(fleet))
        restart(edge, "one")
        await edge.until_it_answers("one")
        async with reconciling(fleet, *edge.speakers.values(), pace=PACE):
            await judge.announce(new)
            await until(lambda: holds(edge, "one", {new}))
            await until(lambda: stands(fleet, "sessions_shut", "one"))
            assert "it lacks 200 routes" in await detail(fleet, "sessions_shut")
            answer = await nora.send(form, reason="One route less is fine.", confirm="one")
            assert answer.status_code == 412
            await asyncio.sleep(5)  # ten full syncs
            assert all(map(edge.router.shows, OTHERS))
            seen = await acting(nora, NOC, "open")
            judge.may_go(*OTHERS)
            answer = await nora.send(seen, reason="All of these may go.", confirm="one")
            assert answer.status_code == 303
            await edge.until_seen(new)
            await edge.until_gone(*OTHERS)
        assert await fleet.ask("SELECT ordered_by FROM speaker_records") == [(None,)]


async def recorded(fleet: Fleet) -> bool:
    return len(await fleet.routes.records.held("one")) == len(OTHERS)
