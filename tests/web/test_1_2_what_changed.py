"""Page, 1.2: a form of an older page does nothing, and the page says what was, and what is."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from secrets import token_hex
from urllib.parse import urlencode

import httpx
import pytest

from byoip.domain.accounts.people import Role
from byoip.web.facts import FIELD, LONGEST
from tests.api.bound import bound
from tests.api.world import World
from tests.web.browser import Browser, Form, Reading, link_for, signed_in
from tests.web.test_3_7_asns import brought
from tests.web.test_3_13_moves import MOVES, offered
from tests.web.walking import HOSTILE

Meanwhile = Callable[[], Awaitable[object]]


def said_of(answer: httpx.Response) -> str:
    """What the page says of the form that led to it."""
    assert answer.status_code == 412, answer.text
    alert = answer.text.partition('role="alert"')[2].partition("</div>")[0]
    assert "Nothing was done." in alert
    return Reading(f"<p {alert}").text


async def prefix(world: World) -> tuple[Browser, Form, Meanwhile, str]:
    made = await world.prefix(description="of Ada")
    browser = await signed_in(world)
    form = await browser.form(f"/ui/prefixes/{made['id']}", "/check")

    async def meanwhile() -> object:
        return await world.result(
            "PATCH", f"/prefixes/{made['id']}", json={"description": "of Bob"}
        )

    return browser, form, meanwhile, "description was of Ada , is of Bob"


async def service(world: World) -> tuple[Browser, Form, Meanwhile, str]:
    path, _, _ = await bound(world)
    [binding] = await world.result("GET", f"{path}/bindings")
    page, browser = f"{path}/bindings/{binding['id']}", await signed_in(world)
    form, other = await browser.form(f"/ui{page}", "/unbind"), (await world.services())[1]

    async def meanwhile() -> object:
        return await world.result("PATCH", page, json={"service_id": other.id.hex})

    return browser, form, meanwhile, f"bound was active, CDN , is active, {other.name}"


async def asn(world: World) -> tuple[Browser, Form, Meanwhile, str]:
    browser = await signed_in(world)
    page = await brought(browser)
    [told] = await world.result("GET", "/asns")
    form = await browser.form(page, "/token")

    async def meanwhile() -> object:
        return await world.result("POST", f"/asns/{page[-32:]}/validation_tokens")

    return browser, form, meanwhile, f"token was {told['asn_ownership_validation_token']} , is"


async def webhook(world: World) -> tuple[Browser, Form, Meanwhile, str]:
    hook = await world.result("POST", "/webhooks", json={"url": "https://h.example.net/one"})
    browser, page = await signed_in(world), f"/webhooks/{hook['id']}"
    form = await browser.form(f"/ui{page}", "/remove")

    async def meanwhile() -> object:
        return await world.result("PATCH", page, json={"url": "https://h.example.net/two"})

    return browser, form, meanwhile, "to was https://h.example.net/one , is https://h.exa"


async def mail(world: World) -> tuple[Browser, Form, Meanwhile, str]:
    made = await world.result("POST", "/mail_addresses", json={"address": "noc@example.net"})
    browser, page = await signed_in(world), f"/mail_addresses/{made['id']}"
    form = await browser.form(f"/ui/mail/{made['id']}", "/remove")

    async def meanwhile() -> object:
        return await world.result("PATCH", page, json={"topics": ["rpki"]})

    return browser, form, meanwhile, "topics was all , is rpki"


async def move(world: World) -> tuple[Browser, Form, Meanwhile, str]:
    """Another account accepts what it saw, and gets no more than that."""
    page, cidr = await offered(world, await signed_in(world), world.other_account_id.hex)
    other = await signed_in(world, account_id=world.other_account_id)
    form = await other.form(MOVES, "/accept")

    async def meanwhile() -> object:
        lent = {"cidr": cidr, "delegated_account_id": world.other_account_id.hex}
        return await world.result("POST", f"{page.removeprefix('/ui')}/delegations", json=lent)

    return other, form, meanwhile, "delegations was 0 , is 1"


async def person(world: World) -> tuple[Browser, Form, Meanwhile, str]:
    eve, _ = await link_for(world, Role.VIEWER, name="Eve")
    page = f"/ui/people/{eve.hex}"
    browser, other = await signed_in(world), await signed_in(world)
    form = await browser.form(page, "/remove")

    async def meanwhile() -> object:
        return await other.send(await other.form(page, "/role"), role="editor")

    return browser, form, meanwhile, "role was viewer , is editor"


async def operators(world: World) -> tuple[Browser, Form, Meanwhile, str]:
    eve, _ = await link_for(world, Role.OPERATOR_VIEWER, name="Eve")
    page = f"/ui/people/{eve.hex}"
    browser, other = [await signed_in(world, Role.OPERATOR, name=one) for one in ("Ada", "Bob")]
    form = await browser.form(page, "/link")
    form.fields["reason"] = "Lost."

    async def meanwhile() -> object:
        changing = await other.form(page, "/role")
        return await other.send(changing, role="operator", reason="Trusted.")

    return browser, form, meanwhile, "role was operator viewer , is operator"


PAGES = [prefix, service, asn, webhook, mail, move, person, operators]


@pytest.mark.parametrize("drawn", PAGES, ids=lambda one: one.__name__)
async def test_1_2_an_old_page_says_what_was_and_what_is_and_does_nothing(
    world: World, drawn: Callable[[World], Awaitable[tuple[Browser, Form, Meanwhile, str]]]
) -> None:
    browser, form, meanwhile, said = await drawn(world)
    assert 0 < len(form.fields[FIELD]) < LONGEST
    world.clock.advance(timedelta(seconds=5))
    await meanwhile()
    if "confirm" in form.fields:
        [made] = await world.result("GET", "/prefixes")
        form.fields["confirm"] = made["cidr"]
    answer = await browser.send(form)
    assert said in said_of(answer), said_of(answer)
    [again] = [one for one in Reading(answer.text).forms if one.action == form.action][:1]
    given = {name: form.fields[name] for name in ("reason", "confirm") if name in form.fields}
    done = await browser.send(again, **given)
    assert done.status_code in {200, 303}, done.text  # of the page as it is now


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(urlencode({"description": HOSTILE, "state": HOSTILE}), id="markup"),
        pytest.param(urlencode({HOSTILE: "x", "state": "\u202egpj.exe\x00\x1b[2J"}), id="controls"),
        pytest.param("description=" + "x" * LONGEST, id="too long"),
        pytest.param("&".join(f"description={n}" for n in range(200)), id="too many"),
        pytest.param("%ff%fe=%%%&&&==;", id="no such text"),
        pytest.param("💥" * 300, id="no ASCII"),
        pytest.param("", id="nothing"),
    ],
)
async def test_1_2_what_a_form_says_of_its_page_is_text_and_decides_nothing(
    world: World, forged: str
) -> None:
    made = await world.prefix(description="as it was")
    browser, page = await signed_in(world), f"/ui/prefixes/{made['id']}"
    old, other = await browser.form(page, "/check"), await browser.form(page, "/check")
    for form in (old, other):
        form.fields[FIELD] = forged
    assert (await browser.send(other)).status_code == 303  # it is of the newest version
    await world.result("PATCH", f"/prefixes/{made['id']}", json={"description": "as it is"})
    answer = await browser.send(old, key=token_hex(16))
    said = said_of(answer)
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text
    assert not {"\x00", "\x1b", "\u202e"} & set(answer.text)
    assert len(said) < 1500, said
    assert "x" * 100 not in said
    if len(forged) > LONGEST or not forged:
        assert "was" not in said.partition("By history:")[0].split()[12:]


async def test_1_2_facts_that_match_do_not_make_an_old_page_new(world: World) -> None:
    made = await world.prefix(description="as it was")
    browser, page = await signed_in(world), f"/ui/prefixes/{made['id']}"
    old = await browser.form(page, "/check")
    await world.result("PATCH", f"/prefixes/{made['id']}", json={"description": "as it is"})
    new = await browser.form(page, "/check")
    answer = await browser.send(old, **{FIELD: new.fields[FIELD]})
    assert "Since you looked:" not in said_of(answer)
    assert "changed the description" in said_of(answer)
    assert await world.result("GET", f"/prefixes/{made['id']}/validations") == []
