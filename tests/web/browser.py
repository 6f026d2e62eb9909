"""A browser without scripts: a cookie, links that are followed, forms sent as they are drawn."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode
from uuid import UUID

import httpx

from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.usecases.accounts import people
from byoip.web.door import COOKIE
from tests.api.world import World
from tests.fakes.backend import RandomHex

OURS = "http://localhost"
FORM = {"content-type": "application/x-www-form-urlencoded"}
OWN_FORM = {"sec-fetch-site": "same-origin"}


@dataclass
class Form:
    """One form of a page.

    Attributes:
        typed: what has to be typed before it is done.
    """

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    typed: str = ""


class Reading(HTMLParser):
    """Collects what a person can do and read on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self._form: Form | None = None
        self._select = ""
        self.feed(text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_data(self, data: str) -> None:
        if self._form is not None:
            before = self.words[-1].strip() if self.words else ""
            asked = re.match(r"Type (\S+) to ", data)
            if asked or before == "Type":
                self._form.typed = asked[1] if asked else data
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag == "form":
            self._form = Form(given["action"], given.get("method", "get"))
            self.forms.append(self._form)
        if self._form is None:
            return
        if tag == "select":
            self._select = given["name"]
        if tag == "option" and ("selected" in given or self._select not in self._form.fields):
            self._form.fields[self._select] = given["value"]
        unchecked = given.get("type") == "checkbox" and "checked" not in given
        if tag in {"input", "textarea"} and "name" in given and not unchecked:
            self._form.fields[given["name"]] = given.get("value", "")
        if tag == "label":
            self._form.labels.append(given.get("for", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None


@dataclass
class Browser:
    """Somebody at a page.

    Attributes:
        attempts: cookies of sign-ins that were begun.
    """

    client: httpx.AsyncClient
    cookie: str = ""
    attempts: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        headers = {"host": "localhost", **dict(more.pop("headers", {}))}  # type: ignore[call-overload]
        cookies = {**self.attempts, **({COOKIE: self.cookie} if self.cookie else {})}
        if cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        answer = await self.client.request(method, f"{OURS}{path}", headers=headers, **more)  # type: ignore[arg-type]
        for given in answer.headers.get_list("set-cookie"):
            name, value = given.partition(";")[0].split("=", 1)
            if name == COOKIE:
                assert re.fullmatch("[0-9a-f]*", value)
                self.cookie = value
            else:
                assert name.startswith("__Host-login-")
                self.attempts[name] = value
        return answer

    async def get(self, path: str, **more: object) -> httpx.Response:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, data: Mapping[str, str], **more: object) -> httpx.Response:
        headers = {**FORM, **OWN_FORM, **dict(more.pop("headers", {}))}  # type: ignore[call-overload]
        return await self.ask("POST", path, content=urlencode(data), headers=headers, **more)

    async def read(self, path: str) -> Reading:
        """A page that must be there, at the end of where it leads."""
        answer = await self.get(path)
        while answer.is_redirect:
            answer = await self.get(answer.headers["location"])
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return Reading(answer.text)

    async def form(self, path: str, ending: str) -> Form:
        """The one form of a page whose action ends so."""
        forms = (await self.read(path)).forms
        [found] = [one for one in forms if one.action.endswith(ending)]
        return found

    async def send(self, form: Form, **filled: str) -> httpx.Response:
        return await self.post(form.action, {**form.fields, **filled})

    async def enter(self, code: str) -> httpx.Response:
        return await self.post("/ui/enter", {"code": code})


async def link_for(
    world: World, role: Role = Role.ADMIN, *, account_id: UUID | None = None, name: str = "Ada"
) -> tuple[UUID, str]:
    """A new person, and the code of their first link."""
    whose = None if role.of_operator else account_id or world.account_id
    actor = Actor("cli", "cli-test")
    async with world.store.transaction(actor=actor) as tx:
        made = await people.invite(tx, whose, mint=RandomHex(), name=name, role=role, reason="test")
    return made.person.id, made.token


async def signed_in(
    world: World, role: Role = Role.ADMIN, *, account_id: UUID | None = None, name: str = "Ada"
) -> Browser:
    """The browser of a new person."""
    _, code = await link_for(world, role, account_id=account_id, name=name)
    browser = Browser(world.client)
    answer = await browser.enter(code)
    assert answer.status_code == 303, answer.text
    return browser
