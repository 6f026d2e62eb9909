"""Page, 5: a sandbox's buttons are their account's alone; what is out of date publishes nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.api.application import bare_application, served
from byoip.composition.pages import pages_of
from byoip.domain.accounts.people import Role
from byoip.domain.asns.own_asn import DOCUMENTATION
from byoip.sandbox.internet import SandboxInternet
from byoip.sandbox.portal import SandboxPortal
from byoip.sandbox.roas import SandboxRoas
from byoip.sandbox.vrp_source import ListedVrps
from byoip.store.accounts.people_reader import PeopleReader
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.usecases.checks.refresh_roas import RefreshRoas
from byoip.web.sandbox.panel import sandbox_routes
from byoip.web.site import SandboxPages
from tests.api.operators import Operator
from tests.api.world import World
from tests.usecases.world import GATES
from tests.web.browser import Browser, Reading, signed_in
from tests.web.test_3_7_asns import brought

GIVEN = "AS64501"


@pytest.fixture
def internet() -> SandboxInternet:
    """What the buttons publish in; nobody asks it here."""
    return SandboxInternet()


@pytest.fixture
async def here(
    world: World, engine: AsyncEngine, tmp_path: Path, internet: SandboxInternet
) -> AsyncIterator[World]:
    """The same world, as a sandbox."""
    source = ListedVrps(tmp_path, world.clock)
    refresh = RefreshRoas(source, JsonVrps(), VrpSnapshots(engine), GATES, world.clock)
    portal = SandboxPortal(internet, SandboxRoas(source, refresh))
    pages = partial(
        pages_of,
        people=PeopleReader(engine, world.clock),
        sandbox=SandboxPages(portal, sandbox_routes(portal)),
    )
    rules = replace(world.backend.asn_terms.rules, reserved=DOCUMENTATION)
    terms = replace(world.backend.asn_terms, rules=rules)
    backend = replace(world.backend, pages=pages, asn_terms=terms, metrics=CollectorRegistry())
    app = bare_application(backend)
    transport = httpx.ASGITransport(served(app, backend), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
        yield replace(world, app=app, client=client, backend=backend)


def published(internet: SandboxInternet, asn: str = GIVEN) -> bool:
    """Whether there is an object of the number; then it is taken away."""
    return internet.whois.delete("RIPE", "aut-num", asn)


async def asked(internet: SandboxInternet, asn: str) -> str:
    """What the registry says of a number."""
    port = await internet.whois.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"-r -B -G -s RIPE -T aut-num {asn}\r\n".encode())
    said = (await reader.read()).decode()
    writer.close()
    await internet.whois.stop()
    return said


async def test_5_a_button_publishes_the_line_that_the_page_prints(
    here: World, internet: SandboxInternet
) -> None:
    browser = await signed_in(here, Role.EDITOR)
    page = await brought(browser, GIVEN)
    answer = await browser.send(await browser.form(page, "/publish/autnum"))
    assert answer.headers["location"] == f"{page}?done=published"
    assert "published in the sandbox" in (await browser.read(answer.headers["location"])).text
    [told] = await here.result("GET", "/asns")
    text = await asked(internet, GIVEN)
    assert told["publish"] in text
    assert f"aut-num: {GIVEN}" in text


async def test_5_no_button_is_anothers_and_a_viewer_has_none(
    here: World, internet: SandboxInternet
) -> None:
    editor = await signed_in(here, Role.EDITOR)
    number = await brought(editor, GIVEN)
    prefix = f"/ui/prefixes/{(await here.prefix())['id']}"
    viewer = await signed_in(here, Role.VIEWER)
    who = {
        "another account's": (await signed_in(here, account_id=here.other_account_id), 404),
        "viewer": (viewer, 403),
        "the operator": (await signed_in(here, Role.OPERATOR), 403),
        "nobody": (Browser(here.client), 303),
    }
    for page, record in ((number, "autnum"), (prefix, "roa"), (prefix, "rdns")):
        form = await editor.form(page, f"/publish/{record}")
        for name, (one, status) in who.items():
            answer = await one.send(form)
            where = f"{name}: {form.action}: {answer.status_code}"
            assert answer.status_code == status, where
            assert answer.headers.get("location", "/ui/enter") == "/ui/enter", where
        seen = [one.action for one in (await viewer.read(page)).forms]
        assert not [one for one in seen if "/publish/" in one]
    assert not published(internet)


async def test_5_what_is_out_of_date_publishes_nothing(
    here: World, internet: SandboxInternet, operator: Operator
) -> None:
    browser = await signed_in(here)
    page = await brought(browser, GIVEN)
    old = await browser.form(page, "/publish/autnum")
    await browser.send(await browser.form(page, "/token"))
    answer = await browser.send(old)
    assert answer.status_code == 412
    assert "Nothing was done." in Reading(answer.text).text
    assert not published(internet)
    now = await browser.form(page, "/publish/autnum")
    approved = {"reason": "Contract 4711."}
    await Operator(here, operator.token).result(
        "POST", f"/asns/{page[-32:]}/approve", json=approved
    )
    assert (await browser.send(now)).status_code == 412
    assert not published(internet)
    assert not [one for one in (await browser.read(page)).forms if "/publish/" in one.action]
    unversioned = {**now.fields}
    del unversioned["version"]
    assert (await browser.post(now.action, unversioned)).status_code == 400
    answer = await browser.post(now.action, {**unversioned, "seen": "anything"})
    assert answer.status_code == 409
    assert "No line would prove AS64501 now" in Reading(answer.text).text
    assert not published(internet)


async def test_5_a_number_that_nobody_has_is_not_published(
    here: World, internet: SandboxInternet
) -> None:
    browser = await signed_in(here)
    page = await brought(browser, "AS3320")
    answer = await browser.send(await browser.form(page, "/publish/autnum"))
    assert answer.status_code == 409
    said = Reading(answer.text).text
    assert "AS3320 is given to nobody" in said
    assert "AS64501, AS64502, AS64503, AS64504" in said
    assert not published(internet, "AS3320")
