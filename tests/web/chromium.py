"""A real browser at the pages: Debian's Chromium, driven by Playwright."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect
from prometheus_client import CollectorRegistry

from byoip.api.border.access_log import AccessLog
from byoip.cli.serving import bind, port_of, serving
from byoip.domain.accounts.people import Role
from tests.api.world import World
from tests.real.parts import Part, program, require
from tests.web.browser import link_for

WIDE, PHONE = (1200, 900), (400, 800)
MOST_TABS: Final = 80
PATIENCE: Final = 60_000  # milliseconds: other tests run beside
_AN_ANSWER: Final = re.compile(r"Failed to load resource: .* status of 4\d\d")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The program; tools/install-real-parts installs it."""
    require(Part.CHROMIUM)
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as started:
        browser = await started.chromium.launch(executable_path=program(Part.CHROMIUM.value))
        yield browser
        await browser.close()


@dataclass
class Site:
    """The pages behind a real socket, and who looks at them.

    Attributes:
        said: what browsers wrote on their consoles: scripts, styles and requests that were refused.
    """

    world: World
    browser: Browser
    url: str
    said: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def person(
        self,
        role: Role = Role.ADMIN,
        *,
        name: str = "Ada",
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        scripts: bool = True,
    ) -> AsyncIterator[Page]:
        """Somebody in a browser of their own, who has signed in by a link."""
        _, code = await link_for(self.world, role, name=name)
        context = await self.browser.new_context(
            base_url=self.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        if scripts:
            await page.goto(f"/ui/enter#{code}")
            await page.keyboard.press("Enter")  # the script has gone to the button
        else:
            await page.goto("/ui/enter")
            await page.fill("#code", code)
            await page.click("#enter button")
        await page.wait_for_url(re.compile("/ui/(prefixes|noc)"))
        try:
            yield page
        finally:
            await context.close()

    def _note(self, message: ConsoleMessage) -> None:
        if not _AN_ANSWER.match(message.text):  # a refusal is a page
            self.said.append(message.text)


@asynccontextmanager
async def site_of(world: World, browser: Browser) -> AsyncIterator[Site]:
    """The pages of a world, in a browser; nothing may be said on its console."""
    app = AccessLog(world.app, CollectorRegistry())
    with bind("127.0.0.1", 0) as socket:
        async with world.backend.notifier.listening(), serving(app, socket):
            site = Site(world, browser, f"http://localhost:{port_of(socket)}")
            yield site
            assert site.said == []


async def tab_to(page: Page, selector: str) -> None:
    """Go to an element as somebody without a mouse does."""
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


async def violations(page: Page) -> list[str]:
    """What axe finds wrong, with all that is folded up opened."""
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    found = await Axe().run(page)
    return [
        f"{one['id']}: {node['html']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


async def too_wide(page: Page) -> list[str]:
    """What goes past the right edge of the window."""
    found: list[str] = await page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
        ["a text, if nothing follows", ...[...document.querySelectorAll("body *")]
        .filter(one => !one.closest(".scroll"))
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .map(one => one.outerHTML.slice(0, 120))]"""
    )
    return found
