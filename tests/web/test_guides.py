"""Issue Tools, 4.4: guides at `/guide`, whose Markdown is that of `docs/guide`."""

import ast
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.async_api import Browser, Page

from byoip.api.document.error_page import guided
from byoip.api.document.meanings import BLOCKERS
from byoip.domain.checks.evidence import Check, Failed, Finding, Reason
from byoip.domain.checks.registries.national import NATIONAL
from byoip.domain.checks.rirs import RIRS
from byoip.domain.routes import announceable, route_validity
from byoip.domain.routes.announceable import OBSTACLES
from byoip.web.checks import checks_shown
from byoip.web.guide.markdown import page_of
from byoip.web.guide.pages import AT_REGISTRY, address, sections
from byoip.web.rendering import POLICY, rendered
from tests.api.world import World
from tests.stumbles.runs import carry_out, validate
from tests.web.browser import Reading, signed_in
from tests.web.chromium import PHONE, WIDE, Site, chromium, site_of, too_wide, violations
from tests.web.test_1_1_frame import inline

GUIDES = Path(__file__).parents[2] / "docs" / "guide"
NAMES = [one["name"] for one in guided()]
KINDS = (
    "/guide",
    "/guide/customer",
    "/guide/ripe",
    "/guide/apnic",
    "/guide/concepts",
    "/guide/blockers",
    "/guide/blockers/maintainer_not_holder",
    "/guide/nothing",
)


def test_4_4_each_blocker_and_reason_of_the_code_has_its_section_and_no_other_name_has() -> None:
    assert {*BLOCKERS, *Reason, *(one.name for one in OBSTACLES)} == set(NAMES)
    assert set(sections()) == set(NAMES)
    assert all(len(one.body.striptags()) > 30 for one in sections().values())


def test_4_4_what_may_stand_before_an_announcement_is_listed_whole() -> None:
    """Every refusal that the rule yields, or another rule gives it, is one of `OBSTACLES`."""
    listed = {one.__name__ for one in OBSTACLES}
    rule = ast.parse(Path(announceable.__file__).read_text())
    yielded = {
        each.id
        for one in ast.walk(rule)
        if isinstance(one, ast.Yield | ast.YieldFrom) and one.value
        for each in ast.walk(one.value)
        if isinstance(each, ast.Name) and each.id[0].isupper()
    }
    assert yielded >= {"PrefixSuspended", "AnnouncedTooOften"}
    assert yielded <= listed
    documented = set(re.findall(r"\b[A-Z]\w+", announceable.Announceable.require.__doc__ or ""))
    assert documented - {"Refuse", "Raises"} == listed
    assert route_validity.OriginNotValid in OBSTACLES


async def test_4_4_every_link_of_every_guide_leads_to_a_page_and_an_anchor(world: World) -> None:
    seen: dict[str, set[str]] = {}
    todo = ["/guide", *(f"/guide/blockers/{name}" for name in NAMES)]
    wanted: set[tuple[str, str, str]] = set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        answer = await world.client.get(path)
        assert answer.status_code in {200, 303}, path
        seen[path] = set(re.findall(r'\bid="([^"]+)"', answer.text))
        if not path.startswith("/guide"):
            continue
        for link in re.findall(r'href="([^"]+)"', answer.text):
            to = urlsplit(urljoin(path, link))
            if not to.netloc and not to.path.startswith("/ui/static"):
                wanted.add((path, to.path, to.fragment))
                todo.append(to.path)
    files = {f"/guide/{one.stem}" for one in GUIDES.glob("[a-z]*.md")}
    assert files <= seen.keys(), "each is reached from /guide"
    lost = [one for one in wanted if one[2] not in {"", "content", *seen[one[1]]}]
    assert lost == []


async def test_4_4_what_the_api_links_exists_and_leads_on_to_the_guide(world: World) -> None:
    made = await world.prefix()
    run = (await validate(world, made["id"]))["result"]["validation"]["id"]
    await carry_out(world, run)
    shown = await world.result("GET", f"/prefixes/{made['id']}/validations/{run}")
    linked = [one["documentation_url"] for one in (*made["blockers"], *shown["checks"])]
    assert len([one for one in linked if one]) > 3
    errors = (await world.client.get("/errors")).text
    for url in filter(None, linked):
        path, _, name = url.partition("#")
        assert path == "/errors"
        assert f'id="{name}"' in errors
    for name in NAMES:
        assert f'href="/guide/blockers/{name}"' in errors
        assert f'id="{name}"' in (await world.client.get("/guide/blockers")).text


async def test_4_4_guides_need_no_sign_in_and_are_under_the_policy(world: World) -> None:
    for path in KINDS:
        answer = await world.client.get(path)
        assert answer.status_code == (404 if path == "/guide/nothing" else 200)
        assert answer.headers["content-security-policy"] == POLICY
        assert "set-cookie" not in answer.headers
        assert "<script" not in answer.text
        outside = r'href="https://[^"]*"'  # links to registries: nothing is loaded from there
        assert inline(re.sub(outside, "", answer.text)) == []
    assert (await world.client.get("/guide/README")).status_code == 404
    assert (await world.client.get("/guide/blockers/README")).status_code == 404


async def test_4_4_guides_are_linked_from_the_front_the_documentation_and_prefixes(
    world: World,
) -> None:
    assert 'href="/guide"' in (await world.client.get("/")).text
    for whose, link in (("customer", "(/guide)"), ("operator", "(/guide/operator)")):
        shown = (await world.client.get(f"/docs/{whose}.json")).json()
        assert link in shown["info"]["description"]
    made = await world.prefix()
    browser = await signed_in(world)
    links = Reading((await browser.get(f"/ui/prefixes/{made['id']}")).text).links
    for one in made["blockers"]:
        assert f"/guide/blockers/{one['name']}" in links


def test_4_4_a_check_that_failed_leads_to_the_page_of_its_reason() -> None:
    failed = Failed(Reason.ROUTE_OBJECT_MISSING, "none", "make one")
    shown = checks_shown([Finding(Check.IRR, failed, datetime.now(UTC))], {})
    links = Reading(rendered("_checks.html", checks=shown)).links
    assert links == ["/guide/blockers/route_object_missing"]


def test_4_4_each_registry_has_a_guide_with_its_host_its_source_and_the_three_places() -> None:
    assert {one.key for one in RIRS} == AT_REGISTRY.keys()
    for registry in RIRS:
        text = (GUIDES / f"{AT_REGISTRY[registry.key].rpartition('/')[2]}.md").read_text()
        for heading in ("Route object", "ROA", "Reverse DNS", "What the checks ask", "Traps"):
            assert f"\n## {heading}\n" in text, (registry.key, heading)
        assert registry.rest_url or f"`{registry.host}`" in text
        assert re.search(rf"`(source: )?{registry.source}`", text)
        assert ("Holder rule" in text) is registry.holder_rule
        assert ("makes route objects of" in text) is registry.objects_from_roas
    for (regional, _), national in NATIONAL.items():
        text = (GUIDES / f"{regional}.md").read_text()
        assert national.name.upper() in text.upper()


def test_4_4_markdown_lets_no_html_through_and_links_only_to_what_is_served() -> None:
    told = page_of(
        "# A `b`\n\n<b>x</b> [there](ripe.md#roa) [not](../operating.md) [evil](javascript:x)\n",
        lambda link: address("customer.md", link),
    )
    assert told.heading == "A b"
    assert "<b>" not in told.body
    assert '<a href="/guide/ripe#roa">there</a> not' in told.body
    assert 'href="javascript' not in told.body
    assert address("blockers/roas.md", "../ripe.md#roa") == "/guide/ripe#roa"
    assert address("blockers/roas.md", "#roa_as0") == "/guide/blockers/roa_as0"
    assert address("README.md", "../errors.md") == "/errors"
    assert address("README.md", "../../src/x.md") is None


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as made:
        yield made


@pytest.fixture
async def site(world: World, browser: Browser) -> AsyncIterator[Site]:
    async with site_of(world, browser) as made:
        yield made


async def fits(page: Page, path: str) -> None:
    await page.goto(path)
    assert await violations(page) == [], path
    assert await too_wide(page) == [], path


@pytest.mark.real
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_4_4_every_kind_of_guide_fits_and_axe_finds_nothing(
    site: Site, *, size: tuple[int, int], dark: bool
) -> None:
    context = await site.browser.new_context(
        base_url=site.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
    )
    page = await context.new_page()
    for path in KINDS:
        await fits(page, path)
    await context.close()


@pytest.mark.real
async def test_4_4_guides_are_read_without_scripts(site: Site) -> None:
    context = await site.browser.new_context(base_url=site.url, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/")
    await page.get_by_role("link", name="Guides").first.click()
    await page.get_by_role("link", name="For customers").click()
    await page.get_by_role("link", name="a page of its own").click()
    await page.get_by_role("link", name="dnssec_bogus").click()
    assert "delv" in (await page.locator("main").text_content() or "")
    await context.close()
