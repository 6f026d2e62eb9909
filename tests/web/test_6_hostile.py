"""Page, 6: whatever others write is text on every page, and no form of ours can be upset."""

import random
import re
from collections.abc import Iterator
from secrets import token_hex
from typing import Final
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.web.rendering import POLICY
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.browser import FORM, OWN_FORM, Browser, Form, Reading, signed_in
from tests.web.test_1_1_frame import inline
from tests.web.walking import HOSTILE, pages, planted, without_limits

ASKED: Final = ("q", "state", "after", "before", "below", "done", "account", "address", "given")
ODD: Final = (
    "", " ", "\x00", "\u202e", "-1", "0", "1e9", "9" * 40, "٣", "0" * 32, "x" * 5_000,
    "31.0.0.0/33", "0.0.0.0/0", "::/0", "31.0.0.1%25eth0", "2026-13-45", "0001-01-01",
    "9999-12-31", "%s%n{}", "../../etc", "//evil.test", "\r\nset-cookie: a=b", "null", "💥" * 300,
    "http://[::1", "https://evil.test/", "' OR 1=1 --", HOSTILE,
)  # fmt: skip
TRIED: Final = 4  # of them for each field; others in each run that has another seed
# What has a version: a form about it says which one it was drawn from, or what its page showed.
VERSIONED: Final = re.compile(r"/ui/(noc/)?(prefixes|asns|webhooks|mail)/[0-9a-f]{32}/")
LEAVES: Final = ("/ui/leave", "/ui/enter", "/ui/sessions/")  # the browser is out then


def said_as_text(answer: httpx.Response) -> Reading:
    shown = Reading(answer.text)
    assert shown.tags.count("img") == answer.text.count('<img src="/ui/letters/')  # ours
    assert shown.tags.count("script") <= len(["htmx", "its streams", "ours"])
    assert [one for one in inline(answer.text) if not one.startswith("value=")] == []
    assert "49" not in shown.text.replace("2049", "").split(), "a template was evaluated"
    return shown


async def test_6_what_others_write_is_text_on_every_page(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    """Customers, people, their browsers, registries, name servers; also in addresses of pages."""
    async with without_limits(world, engine) as free:
        estate = await planted(free, engine, operator)
        walked, hostile = 0, set[str]()
        for who in (
            estate.owner,
            await signed_in(free, account_id=free.other_account_id),
            await signed_in(free, Role.OPERATOR, name=HOSTILE),
        ):
            for path in pages(free, estate.known):
                for query in ("", urlencode(dict.fromkeys(ASKED, HOSTILE))):
                    answer = await who.get(f"{path}?{query}")
                    assert answer.status_code < 500, (path, query, answer.text)
                    walked += 1
                    if "<script>" in said_as_text(answer).text and not query:
                        hostile.add(path)
        # It was there to be seen: what is said to be text would else be no finding.
        prefix, person = estate.known["prefix_id"], estate.known["person_id"]
        assert hostile >= {
            "/ui/prefixes", f"/ui/prefixes/{prefix}", "/ui/people", f"/ui/people/{person}",
            "/ui/sessions", "/ui/tokens", "/ui/webhooks",
            f"/ui/prefixes/{prefix}/history", "/ui/noc", "/ui/noc/history",
            "/ui/noc/accounts", "/ui/noc/space", f"/ui/noc/prefixes/{prefix}",
        }, hostile  # fmt: skip
        assert walked > 200


def spoilt(form: Form, chance: random.Random) -> Iterator[dict[str, str]]:
    """The form with one field after the other made odd, and with one left out."""
    for name in form.fields:
        if name != "key":
            for odd in chance.sample(ODD, TRIED):
                yield {**form.fields, name: odd}
            yield {other: value for other, value in form.fields.items() if other != name}
    yield {**dict.fromkeys(form.fields, ""), "unknown": "x"}


async def forms_of(browser: Browser, addresses: Iterator[str]) -> list[Form]:
    """Those of all pages, each once by where it goes and what it asks for."""
    found: dict[tuple[str, ...], Form] = {}
    for path in addresses:
        for one in Reading((await browser.get(path)).text).forms:
            if one.method == "post" and not one.action.startswith(LEAVES):
                found[(one.action, *sorted(one.fields))] = one
    return list(found.values())


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OPERATOR])
async def test_6_no_odd_form_is_a_fault_or_leads_elsewhere(
    world: World, engine: AsyncEngine, operator: Operator, role: Role
) -> None:
    """Each form as pages draw it, a field at a time; the next page is ours, whatever was sent."""
    async with without_limits(world, engine) as free:
        estate = await planted(free, engine, operator)
        browser = await signed_in(free, role)
        forms = await forms_of(browser, pages(free, estate.known))
        assert [one.action for one in forms if "key" not in one.fields] == []
        versioned = [one for one in forms if VERSIONED.match(one.action)]
        assert [one.action for one in versioned if not {"version", "seen"} & {*one.fields}] == []
        assert len(versioned) >= 5
        chance, sent = random.Random(15), 0  # noqa: S311 - the same each time
        for form in forms:
            for fields in spoilt(form, chance):
                fields["key"] = token_hex(16)
                content = urlencode(fields, errors="surrogatepass")
                headers = {**FORM, **OWN_FORM}
                answer = await browser.ask("POST", form.action, content=content, headers=headers)
                sent += 1
                where = f"{form.action}: {fields}: {answer.status_code}"
                assert answer.status_code < 500, where
                if answer.is_redirect:
                    assert answer.headers["location"].startswith("/ui/"), where
                    continue
                said_as_text(answer)
                assert answer.headers["content-security-policy"] == POLICY, where
        assert sent > 200
        for path in pages(free, estate.known):
            assert (await browser.get(path)).status_code < 500, path
