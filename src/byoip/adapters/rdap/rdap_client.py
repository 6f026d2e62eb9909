"""Registration data over HTTP (RDAP, RFC 7480): redirects by hand, three ends, never an exception.

look_up ─▶ a hop: whose server? ─▶ a permit of its budget ─▶ GET ─▶ a redirect: the next hop
                  no one's: the end           none: the end      ─▶ an answer: the end
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import httpx

from byoip.adapters.bounded_get import REDIRECTS, bounded_get
from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.checks.whois_dialects import NotAnAnswer
from byoip.adapters.http_pieces import by_curves
from byoip.adapters.rdap.rdap_budget import RdapBudget
from byoip.adapters.rdap.rdap_json import read_network, read_numbers, says_not_found
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.registry import Registry
from byoip.domain.rdap.network import legible
from byoip.domain.rdap.said import ASKED, NOTHING_ASKED, RdapEnd, Said
from byoip.ports.checks.rdap import HolderAnswer, HolderQuestion, NumberQuestion
from byoip.ports.checks.registry_budget import RegistryBudget
from byoip.ports.clock import Clock

MAX_BYTES: Final = (
    256 * 1024
)  # answers have up to 30 kB; all that JSON can hold is built in no time
MOST_REDIRECTS: Final = 4
_ACCEPT: Final = "application/rdap+json, application/json;q=0.9"
_REFUSALS: Final = frozenset({403, 429})
_LONGEST_URL: Final = 300


@dataclass(slots=True)
class _Hop:
    """What one server sent."""

    status: int
    body: bytes
    leads_to: httpx.URL | None
    retry_after: timedelta = timedelta(0)


@dataclass(slots=True)
class _Trail:
    """Whom a question was put to, one server after the other."""

    urls: list[httpx.URL] = field(default_factory=list)
    registry: str = ""


class RdapClient:
    """Asks the server of the registry responsible, and where that one says to ask instead."""

    def __init__(
        self,
        clock: Clock,
        servers: RdapServers,
        budget: RegistryBudget,
        *,
        deadline: float,
        back_off: BackOff,
    ) -> None:
        """Take the deadline in seconds, for all of a question with its redirects and waits."""
        self._clock = clock
        self._servers = servers
        self._budget = RdapBudget(budget, back_off)
        self._deadline = deadline
        self._tls = by_curves(ssl.create_default_context())

    async def look_up(self, question: HolderQuestion | NumberQuestion) -> HolderAnswer:
        """Ask once; whatever the other side does becomes an end, never an exception."""
        trail = _Trail(registry=question.registry.key)
        try:
            async with asyncio.timeout(self._deadline):
                said = await self._follow(question, trail)
        except NotAnAnswer as odd:
            said = _unanswered(trail.registry, odd.fault, odd.detail)
        except TimeoutError:
            detail = f"no complete answer in {self._deadline:g} s"
            said = _unanswered(trail.registry, Fault.TIMEOUT, detail)
        first = _first_url(question)
        urls = trail.urls or [first]
        how = " -> ".join(str(url)[:_LONGEST_URL] for url in urls)
        asked = f"{ASKED}GET {how}" if trail.urls else f"{NOTHING_ASKED}: {how}"
        of = urls[-1].netloc.decode("ascii")
        return HolderAnswer(said, RawAnswer(asked, of, said.kept(), self._clock.now()))

    async def _follow(self, question: HolderQuestion | NumberQuestion, trail: _Trail) -> Said:
        url = _first_url(question)
        for _ in range(MOST_REDIRECTS + 1):
            owner = self._servers.owner(url)
            if owner is None:
                raise NotAnAnswer(Fault.GARBAGE, f"led to {url.host}, no registry's server")
            async with self._budget.permit(owner, question):
                trail.urls.append(url)
                trail.registry = owner.key
                hop = await self._get(url)
                if hop.status in _REFUSALS:  # before the connection is free
                    await self._budget.hold(owner, question, hop.retry_after)
            if hop.leads_to is None:
                return _read(hop, owner, question)
            url = hop.leads_to
        raise NotAnAnswer(Fault.GARBAGE, f"more than {MOST_REDIRECTS} redirects")

    async def _get(self, url: httpx.URL) -> _Hop:
        """One answer."""
        body = bytearray()
        answer = await bounded_get(url, body, accept=_ACCEPT, tls=self._tls, max_bytes=MAX_BYTES)
        if answer.status_code in REDIRECTS:
            return _Hop(answer.status_code, b"", _target(answer))
        return _Hop(answer.status_code, bytes(body), None, _pause(answer))


def _read(hop: _Hop, owner: Registry, question: HolderQuestion | NumberQuestion) -> Said:
    if hop.status in _REFUSALS:
        raise NotAnAnswer(Fault.REFUSED, f"the server answered {hop.status}")
    if hop.status == httpx.codes.NOT_FOUND:
        return _not_found(hop, owner, question)
    if hop.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise NotAnAnswer(Fault.SERVER_FAILURE, f"the server answered {hop.status}")
    if hop.status != httpx.codes.OK:
        raise NotAnAnswer(Fault.GARBAGE, f"the server answered {hop.status}")
    if isinstance(question, NumberQuestion):
        numbers = read_numbers(hop.body, question.asn)
        return Said(RdapEnd.ANSWERED, owner.key, numbers=numbers)
    network = read_network(hop.body, question.prefix)
    if network.placeholder:
        detail = f"a placeholder stands there: {network.name}"
        return _unanswered(owner.key, Fault.NO_DATA, detail)
    return Said(RdapEnd.ANSWERED, owner.key, network)


def _not_found(hop: _Hop, owner: Registry, question: HolderQuestion | NumberQuestion) -> Said:
    """Absent only where the one responsible says so of space that it has itself."""
    if not says_not_found(hop.body):
        raise NotAnAnswer(Fault.GARBAGE, "404, and not from an RDAP server")
    here = isinstance(question, HolderQuestion) and question.all_here
    if owner.key == question.registry.key and here:
        return Said(RdapEnd.ABSENT, owner.key)
    detail = "404: not found; another registry may have it"
    return _unanswered(owner.key, Fault.NO_DATA, detail)


def _unanswered(registry: str, fault: Fault, detail: str) -> Said:
    return Said(RdapEnd.UNANSWERED, registry, fault=fault, detail=legible(detail))


def _first_url(question: HolderQuestion | NumberQuestion) -> httpx.URL:
    base = question.registry.rdap_url
    if base is None:
        raise ValueError(f"registry {question.registry.key} has no RDAP URL")
    if isinstance(question, NumberQuestion):
        return httpx.URL(f"{base.rstrip('/')}/autnum/{question.asn.number}")
    return httpx.URL(f"{base.rstrip('/')}/ip/{question.prefix}")


def _target(response: httpx.Response) -> httpx.URL:
    if response.next_request is None:
        raise NotAnAnswer(Fault.GARBAGE, f"{response.status_code} that leads nowhere")
    return response.next_request.url


def _pause(response: httpx.Response) -> timedelta:
    """Retry-After in seconds (RFC 9110, section 10.2.3); a date is not heeded."""
    given = response.headers.get("retry-after", "")
    seconds = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0  # noqa: PLR2004
    return timedelta(seconds=seconds)
