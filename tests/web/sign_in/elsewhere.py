"""Short ways to sign in at the provider, as a browser does it: from redirect to redirect."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from byoip.adapters.sign_in.endpoints import Endpoints
from byoip.web.site import SignsIn
from tests.api.world import World
from tests.web.browser import FORM, OURS, Browser

LOGOUT = "/ui/enter/provider/logout"
PATIENCE = 30.0  # seconds for one answer: on any machine that is well


@dataclass
class Provider:
    """The provider's process, and what it is told."""

    client: httpx.Client
    issuer: str

    def tell(self, **told: Any) -> dict[str, Any]:
        answer = self.client.post("/control", content=json.dumps(told)).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def logout_token(self, **claims: Any) -> str:
        token: str = self.tell(logout=claims)["token"]
        return token

    def asked(self) -> list[str]:
        found: list[str] = self.tell()["asked"]
        return found


@dataclass
class Elsewhere:
    """The pages, and the provider."""

    world: World
    provider: Provider

    @property
    def endpoints(self) -> Endpoints:
        """What asks the provider."""
        signs: SignsIn = self.world.backend.pages.keywords["elsewhere"]  # type: ignore[attr-defined]
        asks: Any = signs.provider
        found: Endpoints = asks._endpoints
        return found

    def browser(self) -> Browser:
        return Browser(self.world.client)

    async def begun(self, browser: Browser, to: str = "") -> str:
        """Where the browser is led to at the provider."""
        answer = await browser.get(f"/ui/enter/provider?{urlencode({'to': to})}")
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def at_provider(self, address: str, user: str | None) -> str:
        """Sign in there (None: be there already, or not); the path and query that lead back."""
        where = address.removeprefix(self.provider.issuer)
        client = self.provider.client
        answer = client.post(where, data={"user": user}) if user else client.get(where)
        assert answer.status_code == 303, answer.text
        url = urlsplit(answer.headers["location"])
        assert url.netloc == "byoip.test"
        return f"{url.path}?{url.query}"

    async def came(self, browser: Browser, user: str, to: str = "") -> httpx.Response:
        """The whole way; the answer to what the browser brought back."""
        return await browser.get(self.at_provider(await self.begun(browser, to), user))

    async def signed_in(self, user: str) -> Browser:
        browser = self.browser()
        answer = await self.came(browser, user)
        assert answer.status_code == 303, answer.text
        assert browser.cookie
        return browser

    async def log_out(self, token: str) -> httpx.Response:
        """As the provider calls: no browser, no cookie, no Origin."""
        form = urlencode({"logout_token": token})
        return await self.world.client.post(
            f"{OURS}{LOGOUT}", content=form, headers={**FORM, "host": "localhost"}
        )


def changed(back: str, **given: str | None) -> str:
    """What leads back, with other parameters; None takes one out."""
    path, _, query = back.partition("?")
    fields = {**dict(parse_qsl(query)), **given}
    return f"{path}?{urlencode({name: one for name, one in fields.items() if one is not None})}"
