"""What a browser waits for: pages of a customer with 1,000 prefixes, and of the operator's NOC."""

import http.client
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Final
from urllib.parse import urlencode

from benchmarks.databases import Server, database
from benchmarks.figures import Figure, Tell
from benchmarks.filling import AN_ACCOUNT, fill, id_of, owner_of
from benchmarks.load import Order, Report, ask
from benchmarks.processes import api, byoip, first_line

_GOAL: Final = 0.3  # seconds
_FEW: Final = 10
_APPROVED, _PENDING = (id_of(number).hex for number in (0, 1))  # of every database
_CUSTOMERS: Final[Mapping[str, str]] = {
    "prefixes": "/ui/prefixes",
    "prefixes, searched by an address": "/ui/prefixes?q=20.0.0.7",
    "prefixes, those that need somebody": "/ui/prefixes?state=needs-you",
    "one prefix, approved": f"/ui/prefixes/{_APPROVED}",
    "one prefix, to be proven": f"/ui/prefixes/{_PENDING}",
    "its addresses": f"/ui/prefixes/{_APPROVED}/addresses",
    "letters": "/ui/letters",
    "AS numbers": "/ui/asns",
}
_OPERATORS: Final[Mapping[str, str]] = {
    "needs a person": "/ui/noc",
    "prefixes across accounts": "/ui/noc/prefixes",
    "one prefix": f"/ui/noc/prefixes/{_APPROVED}",
    "routes": "/ui/noc/routes",
    "an account": f"/ui/noc/accounts/{owner_of(0).account_id.hex}",
    "history": "/ui/noc/history",
}


@dataclass(frozen=True, slots=True)
class _Sizes:
    """How often each page is asked for in a round, one after the other."""

    rounds: int = 3
    asked: int = 30


@dataclass(frozen=True, slots=True)
class _Site:
    """A service with people who have signed in: the cookie of each, by role."""

    port: int
    cookies: Mapping[str, str]

    def ask(self, role: str, path: str, times: int) -> Report:
        """Ask for a page, as a browser does."""
        cookie = self.cookies[role]
        wanted = f"GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n"
        return ask(Order(self.port, [wanted] * times, connections=1))


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """Two databases beside each other, asked in turn: whatever else happens disturbs both."""
    sizes = _Sizes(rounds=1, asked=2) if quick else _Sizes()
    with ExitStack() as stack:
        few, many = (_site(stack, on, size) for size in (_FEW, AN_ACCOUNT))
        for whose, role, pages in (
            ("customer's", "admin", _CUSTOMERS),
            ("operator's", "operator", _OPERATORS),
        ):
            for name, path in pages.items():
                tell(_figure(f"{whose} page, {name}", *_page(few, many, role, path, sizes)))


def _site(stack: ExitStack, on: Server, size: int) -> _Site:
    url = stack.enter_context(database(on, "production"))
    fill(url, 0, size)
    port = stack.enter_context(api(url, on.directory)).port
    account = ["--account", str(owner_of(0).account_id)]
    return _Site(
        port,
        {
            "admin": _cookie(on, port, url, ["admin", *account]),
            "operator": _cookie(on, port, url, ["operator"]),
        },
    )


def _cookie(on: Server, port: int, url: str, role: Sequence[str]) -> str:
    """Of somebody who was invited, and has signed in by the link."""
    words = ["person", "invite", "bench", "--role", *role]
    with byoip(words, on.directory, {"DATABASE_URL": url}) as inviting:
        link = first_line(inviting).decode()
    code = link.strip().rpartition("#")[2]
    browser = http.client.HTTPConnection("127.0.0.1", port)
    headers = {
        "host": "localhost",
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "same-origin",
    }
    browser.request("POST", "/ui/enter", urlencode({"code": code}), headers)
    given = browser.getresponse().headers["set-cookie"]
    browser.close()
    return str(given.partition(";")[0])


def _page(
    few: _Site, many: _Site, role: str, path: str, sizes: _Sizes
) -> tuple[Sequence[Report], Sequence[Report]]:
    for site in (few, many):
        site.ask(role, path, 1)  # statements are planned, templates are read
    rounds = [
        (few.ask(role, path, sizes.asked), many.ask(role, path, sizes.asked))
        for _ in range(sizes.rounds)
    ]
    return [one for one, _ in rounds], [one for _, one in rounds]


def _figure(what: str, few: Sequence[Report], many: Sequence[Report]) -> Figure:
    small, large = (median(one.quantile(0.5) for one in each) for each in (few, many))
    slowest = max(one.quantile(1.0) for one in many)
    return Figure(
        f"{what}, at {AN_ACCOUNT:,} prefixes",
        f"p50 {large * 1000:.0f} ms, slowest {slowest * 1000:.0f} ms, "
        f"{many[0].answer_bytes / 1000:.0f} kB",
        f"at {_FEW} prefixes: p50 {small * 1000:.0f} ms",
        f"{large / small:.2f} times",
        f"{_GOAL * 1000:.0f} ms",
        large <= _GOAL,
    )
