"""An account's own AS numbers on pages: brought, looked for, given up."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from byoip.domain.accounts.people import Role
from byoip.domain.asns.own_asn import ProvenBy
from byoip.domain.checks.evidence import CheckState
from byoip.domain.history import Actor
from byoip.usecases.asns import own_asns
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.browser import Browser, Reading, signed_in


async def brought(browser: Browser, asn: str = "AS3320") -> str:
    """The path of its page."""
    answer = await browser.send(await browser.form("/ui/asns", "/ui/asns"), asn=asn)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


async def test_a_number_is_brought_looked_for_and_given_up(world: World) -> None:
    browser = await signed_in(world, Role.EDITOR)
    page = await brought(browser)
    [told] = await world.result("GET", "/asns")
    shown = (await browser.read(page)).text
    assert told["publish"].replace("        ", " ") in shown
    answer = await browser.send(await browser.form(page, "/look"))
    assert answer.headers["location"].endswith("done=looked")
    assert (
        "not loaded for every registry" in (await browser.read(page)).text
    )  # no answer is no "no"
    await browser.send(await browser.form(page, "/token"))
    [after] = await world.result("GET", "/asns")
    assert after["asn_ownership_validation_token"] != told["asn_ownership_validation_token"]
    answer = await browser.send(await browser.form(page, "/remove"))
    assert "The number is given up." in (await browser.read(answer.headers["location"])).text
    assert await world.result("GET", "/asns") == []
    assert (await browser.get(page)).status_code == 404


async def test_what_is_refused_of_a_number_is_said_on_the_page(
    world: World, operator: Operator
) -> None:
    browser = await signed_in(world)
    for asn, said in (("64500", "the operator's own"), ("x", "is not an AS number")):
        answer = await browser.send(await browser.form("/ui/asns", "/ui/asns"), asn=asn)
        assert answer.status_code == 422
        shown = Reading(answer.text)
        assert said in shown.text
        assert any(one.startswith("/errors#") for one in shown.links)
    page = await brought(browser, "2914")
    why = {"reason": "Contract 4711."}
    await operator.result("POST", f"/asns/{page[-32:]}/approve", json=why)
    shown = await browser.read(page)
    assert "the operator's word" in shown.text
    assert not any(one.action.endswith(("/look", "/token")) for one in shown.forms)
    await world.result("POST", "/prefixes", json={"cidr": "45.249.0.0/23", "asn": 2914})
    answer = await browser.send(await browser.form(page, "/remove"))
    assert answer.status_code == 409
    assert "45.249.0.0/23 has it as its origin" in Reading(answer.text).text


async def test_an_old_page_of_a_number_does_nothing(world: World) -> None:
    browser = await signed_in(world)
    page = await brought(browser)
    olds = [await browser.form(page, ending) for ending in ("/look", "/token", "/remove")]
    await world.result("POST", f"/asns/{page[-32:]}/validation_tokens")
    [before] = await world.result("GET", "/asns")
    for old in olds:
        answer = await browser.send(old)
        assert answer.status_code == 412, old.action
        assert "Nothing was done." in Reading(answer.text).text
    assert await world.result("GET", "/asns") == [before]


async def test_a_form_sent_again_asks_the_registry_no_second_time(world: World) -> None:
    """Or it would soon have used up what an account may ask in a minute."""
    browser = await signed_in(world)
    page = await brought(browser)
    form = await browser.form(page, "/look")
    first = await browser.send(form)
    [before] = await world.result("GET", "/asns")
    for _ in range(world.backend.limiter.limits.preflights_per_account + 2):
        again = await browser.send(form)
        assert again.headers["location"] == first.headers["location"]
    assert await world.result("GET", "/asns") == [before]


async def test_numbers_are_an_accounts_own_and_a_viewer_changes_none(world: World) -> None:
    editor = await signed_in(world, Role.EDITOR)
    page = await brought(editor)
    stranger = await signed_in(world, account_id=world.other_account_id)
    assert page not in (await stranger.read("/ui/asns")).links
    assert (await stranger.get(page)).status_code == 404
    viewer, operator = await signed_in(world, Role.VIEWER), await signed_in(world, Role.OPERATOR)
    assert (await viewer.read(page)).forms[1:] == []  # but "sign out"
    assert (await operator.get(page)).status_code == 403
    for what in ("look", "token", "remove"):
        form = await editor.form(page, f"/{what}")
        for who, status in ((stranger, 404), (viewer, 403), (operator, 403)):
            assert (await who.send(form)).status_code == status, what
    assert len(await world.result("GET", "/asns")) == 1


async def test_a_number_of_another_form_is_not_done_to(world: World) -> None:
    browser = await signed_in(world)
    page = await brought(browser)
    form = await browser.form(page, "/remove")
    for asn_id in ("0" * 32, "x"):
        assert (await browser.post(f"/ui/asns/{asn_id}/remove", form.fields)).status_code == 404


async def test_evidence_of_operators_is_no_markup(world: World) -> None:
    browser = await signed_in(world)
    page = await brought(browser)
    hostile = "<script>alert(1)</script>"
    async with world.store.transaction(actor=Actor("cli", "cli-test")) as tx:
        [told] = await world.result("GET", "/asns")
        terms = world.backend.asn_terms
        await own_asns.approve(tx, UUID(told["id"]), terms=terms, reason=hostile)
    answer = await browser.get(page)
    assert "alert(1)" in answer.text
    assert hostile not in answer.text


async def test_a_neighbour_of_the_operator_is_warned_on_its_page(world: World) -> None:
    browser = await signed_in(world, Role.EDITOR)
    page = await brought(browser, "AS3491")
    assert "Its own routers drop our route" in (await browser.read(page)).text
    page = await brought(browser, "AS6461")
    assert "Its own routers drop our route" not in (await browser.read(page)).text


async def test_the_list_says_in_words_how_far_each_number_is(world: World) -> None:
    browser = await signed_in(world)
    states: dict[str, dict[str, Any]] = {
        "AS2001": {},
        "AS2002": {"state": CheckState.MISSING, "registry": "ripencc", "seen": "No object."},
        "AS2003": {"state": CheckState.EXPIRED, "seen": "Too late."},
        "AS2004": {"state": CheckState.INVALID, "seen": "Another token."},
        "AS2005": {"state": CheckState.MISSING, "doubt": "No answer came."},
        "AS2006": {"state": CheckState.VALID, "proven_by": ProvenBy.HOLDER},
    }
    for asn, known in states.items():
        page = await brought(browser, asn)
        async with world.store.transaction(actor=Actor("cli", "cli-test")) as tx:
            own = await tx.own_asns.lock(world.account_id, UUID(page[-32:]))
            proven_at = tx.now if "proven_by" in known else None
            await tx.own_asns.save(replace(own, proven_at=proven_at, **known), None)
    shown = (await browser.read("/ui/asns")).text
    for said in (
        "AS2001 to be proven It has not been looked for yet: publish its token . not known yet",
        "AS2002 proof not found No object. RIPE NCC",
        "AS2003 token expired Too late.",
        "AS2004 refused Another token.",
        "AS2005 no answer yet No answer came.",
        "AS2006 proven Proven by a prefix of the same holder",
    ):
        assert said in shown
