"""The frame: one page at `/`, the same clothes for all, and nothing that a browser must not do."""

import re
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from importlib import resources
from importlib.metadata import distribution
from pathlib import Path

import pytest

from byoip.web.rendering import POLICY, rendered
from byoip.web.static import static_files
from tests.api.letters import issued
from tests.api.world import World

WEB = Path(str(resources.files("byoip.web")))
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
LIGHT, NAME = 100_000, 2  # bytes of any page; the column of names
BROWSER = {"accept": "text/html,*/*;q=0.8"}
_PAIRS = [
    ("text", "ground"), ("text", "raised"), ("quiet", "ground"), ("quiet", "raised"),
    ("link", "ground"), ("link", "raised"), ("on-act", "act"), ("bad", "ground"),
    ("good", "good-ground"), ("wait", "wait-ground"), ("bad", "bad-ground"),
    *(("text", f"{one}-ground") for one in ("good", "wait", "second", "third")),
]  # fmt: skip


class Inline(HTMLParser):
    """Finds what the policy forbids: styles and scripts within the page, and other hosts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        for name, value in names.items():
            if name == "style" or name.startswith(("on", "hx-on")):
                self.found.append(name)
            if re.match(r"\s*(https?:|//|javascript:|data:)", value or ""):
                self.found.append(f"{name}={value}")


def inline(page: str) -> list[str]:
    parser = Inline()
    parser.feed(page)
    return parser.found


@pytest.mark.parametrize(
    "planted",
    [
        '<p style="x">',
        "<style>",
        "<script>",
        "<b onclick=x>",
        '<a href="//evil.test">',
        "<a hx-on:x=y>",
    ],
)
def test_what_is_forbidden_would_be_found(planted: str) -> None:
    assert inline(planted) != []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: str(one.relative_to(WEB)))
def test_a_template_asks_nothing_of_htmx_that_needs_eval(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"hx-on|hx-vals|hx-headers|js:|javascript:", text)
    for trigger in re.findall(r'hx-trigger="([^"]*)"', text):
        assert "[" not in trigger


def test_htmx_is_that_of_the_package_in_the_lock_and_not_in_the_repository() -> None:
    files = {
        name.name: Path(str(name.locate())) for name in distribution("django-htmx").files or ()
    }
    for ours, theirs in (("htmx.js", "htmx-4.min.js"), ("htmx-sse.js", "hx-sse-4.min.js")):
        assert static_files()[ours].content == files[theirs].read_bytes()
    assert list(Path("src").rglob("*htmx*.js")) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: str(one.relative_to(WEB)))
def test_a_template_has_nothing_inline_no_other_host_and_escapes_all(template: Path) -> None:
    text = template.read_text()
    assert inline(re.sub(r"{[%{].*?[%}]}", "", text)) == []
    assert not re.search(r"\|\s*safe|autoescape", text)


def test_sheet_and_script_load_nothing_from_elsewhere() -> None:
    for name in ("page.css", "page.js"):
        text = (WEB / "static" / name).read_text()
        assert not re.search(r"https?:|url\(|@import|eval|innerHTML", text)


def test_the_policy_lets_nothing_inline_no_eval_and_no_other_host() -> None:
    allowed = {source for one in POLICY.split("; ") for source in one.split(" ")[1:]}
    assert allowed == {"'none'", "'self'"}


async def test_stumble_03_the_root_is_a_page(world: World) -> None:
    answer = await world.client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for link in ("/ui", "/docs", "/errors", "/openapi.json", "/readyz?verbose"):
        assert f'href="{link}"' in answer.text
    assert re.search(r'<th scope="row">database</th><td><span class="chip good">ok', answer.text)


async def test_every_public_page_wears_the_same_clothes_under_the_same_policy(
    world: World,
) -> None:
    letter = await issued(world)
    for path in ("/", "/errors", f"/loa/{letter.reference}", "/loa/nothing"):
        answer = await world.client.get(path, headers=BROWSER)
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert static_files()["page.css"].address in answer.text
        assert '<meta name="viewport"' in answer.text
        assert inline(answer.text) == []
        assert "set-cookie" not in answer.headers


async def test_a_static_file_is_named_for_its_bytes_and_kept_for_ever(world: World) -> None:
    assert set(static_files()) == {"page.css", "page.js", "htmx.js", "htmx-sse.js"}
    for one in static_files().values():
        answer = await world.client.get(one.address)
        assert sha256(answer.content).hexdigest()[:16] in one.address
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].startswith(one.kind)
    assert (await world.client.get("/ui/static/page.css")).status_code == 404


async def test_the_errors_fit_a_phone_and_are_no_heavy_page(world: World) -> None:
    """On 400 px a row is a card; what its cells are is said by the sheet, once for all rows."""
    answer = await world.client.get("/errors")
    assert len(answer.content) < LIGHT, len(answer.content)
    head = answer.text.partition('<table class="cards errors">')[2].partition("</thead>")[0]
    names = dict(enumerate(re.findall("<th>([a-z ]+)</th>", head), start=1))
    del names[NAME]  # stands for itself
    sheet = (WEB / "static" / "page.css").read_text().partition("@media (max-width: 40rem)")[2]
    told = re.findall(r'\.errors td:nth-child\((\d)\)::before { content: "([a-z ]+): "; }', sheet)
    assert {int(place): name for place, name in told} == names
    row = answer.text.partition('<tr id="prefix_not_found">')[2].partition("</tr>")[0]
    assert re.findall("<(t[dh])", row) == ["td", "th", "td", "td", "td", "td"]


def _colours() -> Iterator[tuple[str, str, dict[str, str]]]:
    sheet = (WEB / "static" / "page.css").read_text()
    found = re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", sheet)
    for place, scheme in ((1, "light"), (2, "dark")):
        colours = {one[0]: one[place] for one in found}
        for text, ground in _PAIRS:
            yield scheme, f"{text} on {ground}", {"text": colours[text], "ground": colours[ground]}


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("scheme", "pair", "colours"), list(_colours()))
def test_text_can_be_read_in_both_schemes(scheme: str, pair: str, colours: dict[str, str]) -> None:
    dark, light = sorted(map(_luminance, colours.values()))
    assert (light + 0.05) / (dark + 0.05) >= 4.5, (scheme, pair)


def test_a_page_needs_no_script_to_be_read() -> None:
    page = rendered("said.html", title="T", message="<b>", remedy="", name="", back="")
    assert "&lt;b&gt;" in page
    assert "<script" not in page
