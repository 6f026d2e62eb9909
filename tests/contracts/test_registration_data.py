"""What every source of registration data must do: the sandbox, and answers as registries give them.

The client is the same; what answers it is the sandbox's server, or a web server with the golden
answers of `tests/golden/rdap`, which have the shapes of the five registries.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rirs import RIRS
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.network import Registrant, SpaceKind
from byoip.domain.rdap.said import ASKED, RdapEnd, Said, read_said
from byoip.ports.checks.rdap import HolderAnswer, HolderQuestion
from byoip.sandbox.rdap_server import RdapServer
from byoip.sandbox.rdap_shapes import RdapRecord
from tests.fakes.registry_budget import EnoughBudget
from tests.fakes.web_server import Page, WebServer, web_server

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOLDEN = Path(__file__).parents[1] / "golden" / "rdap"


class StoppedClock:
    def now(self) -> datetime:
        return NOW


@dataclass(frozen=True)
class Given:
    """A network at a registry."""

    cidr: str
    inside: str
    handle: str
    name: str
    type: str
    space: SpaceKind | None = None
    given_on: bool = False


NETWORKS = {
    "ripencc": Given(
        *("192.0.2.0/24", "192.0.2.128/25", "ORG-ENB1-RIPE", "Example Networks B.V."),
        *("ASSIGNED PI", SpaceKind.PI),
    ),
    "arin": Given(
        *("198.51.100.0/24", "198.51.100.0/25", "EXAMPL-1", "Example Company, Inc."),
        *("REASSIGNMENT", SpaceKind.PA),
        given_on=True,
    ),
    "apnic": Given(
        *("203.0.113.0/24", "203.0.113.64/26", "ORG-EPL1-AP", "Example Pty Ltd"),
        *("ASSIGNED PORTABLE", SpaceKind.PI),
    ),
    "lacnic": Given(
        *("198.19.128.0/22", "198.19.129.0/24", "UY-EXAM-LACNIC", "Compañía Ejemplo S.A."),
        "ASSIGNED",
    ),
    "afrinic": Given(
        *("2001:db8:e000::/48", "2001:db8:e000:8000::/49", "ORG-EXL1-AFRINIC"),
        *("Example (Pty) Ltd", "ASSIGNED PI", SpaceKind.PI),
    ),
}
ELSEWHERE = Prefix.parse("31.0.0.0/24")


@dataclass
class World:
    """The five registries, as they are reached here."""

    registries: dict[str, Registry]

    async def ask(self, key: str, cidr: str, *, all_here: bool = True) -> HolderAnswer:
        client = RdapClient(
            *(StoppedClock(), RdapServers(self.registries), EnoughBudget()),
            deadline=30,
            back_off=BackOff(timedelta(0), timedelta(0)),
        )
        registry, prefix = self.registries[key], Prefix.parse(cidr)
        return await client.look_up(HolderQuestion(registry, prefix, UUID(int=1), all_here))


class RegistrationDataContract:
    """The tests; a subclass has a fixture `world` that answers as NETWORKS says.

    RIPE has nothing at ELSEWHERE, moved 192.0.3.0/24 to ARIN, which has it as its network, and
    APNIC has a stub at 203.0.112.0/24.
    """

    @pytest.mark.parametrize("key", list(NETWORKS))
    async def test_the_holder_is_named_and_no_maintainer(self, world: World, key: str) -> None:
        given = NETWORKS[key]
        answer = await world.ask(key, given.cidr)
        network = answer.said.network
        assert network is not None, answer.said
        assert network.registrant == Registrant(given.handle, "org", given.name)
        assert (network.type, network.space) == (given.type, given.space)
        assert network.given_on is given.given_on
        ends = Prefix.parse(given.cidr).network
        assert network.block == f"{ends.network_address} - {ends.broadcast_address}"

    @pytest.mark.parametrize("key", list(NETWORKS))
    async def test_it_is_the_smallest_network_around(self, world: World, key: str) -> None:
        given = NETWORKS[key]
        whole = await world.ask(key, given.cidr)
        part = await world.ask(key, given.inside)
        assert part.said == whole.said

    async def test_nothing_there_is_an_absence(self, world: World) -> None:
        answer = await world.ask("ripencc", str(ELSEWHERE))
        assert answer.said == Said(RdapEnd.ABSENT, "ripencc")

    async def test_it_is_none_where_a_national_registry_may_have_it(self, world: World) -> None:
        answer = await world.ask("ripencc", str(ELSEWHERE), all_here=False)
        assert (answer.said.end, answer.said.fault) == (RdapEnd.UNANSWERED, Fault.NO_DATA)

    async def test_a_redirect_leads_to_the_registry_that_has_it(self, world: World) -> None:
        answer = await world.ask("ripencc", "192.0.3.0/24")
        assert (answer.said.end, answer.said.registry) == (RdapEnd.ANSWERED, "arin")
        asked, arin = answer.exhibit.asked, world.registries["arin"].rdap_url
        assert f" -> {arin}" in asked
        assert answer.exhibit.of in (arin or "")

    async def test_a_404_of_another_registry_is_no_absence(self, world: World) -> None:
        answer = await world.ask("ripencc", "192.0.4.0/24")
        assert (answer.said.end, answer.said.registry) == (RdapEnd.UNANSWERED, "arin")
        assert answer.said.fault is Fault.NO_DATA

    async def test_a_stub_of_transferred_space_names_nobody(self, world: World) -> None:
        answer = await world.ask("apnic", "203.0.112.0/24")
        assert (answer.said.end, answer.said.fault) == (RdapEnd.UNANSWERED, Fault.NO_DATA)
        assert "STUB-" in answer.said.detail

    async def test_the_evidence_says_who_was_asked_and_keeps_no_contact(self, world: World) -> None:
        answer = await world.ask("ripencc", "192.0.2.0/24")
        url = f"{world.registries['ripencc'].rdap_url}ip/192.0.2.0/24"
        assert answer.exhibit.asked == f"{ASKED}GET {url}"
        assert f"//{answer.exhibit.of}/" in url
        assert answer.exhibit.at == NOW
        assert read_said(answer.exhibit.answer) == answer.said
        assert b"Example Networks B.V." in answer.exhibit.answer
        assert b"Person" not in answer.exhibit.answer
        assert b"Contact" not in answer.exhibit.answer


class TestSandbox(RegistrationDataContract):
    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        server = RdapServer()
        await server.start()
        for key, given in NETWORKS.items():
            words = {"name": given.name, "handle": given.handle, "type": given.type}
            server.put(key, RdapRecord(given.cidr, **words))
        server.put("ripencc", RdapRecord("192.0.3.0/24", moved_to="arin"))
        server.put("ripencc", RdapRecord("192.0.4.0/24", moved_to="arin"))
        server.put("arin", RdapRecord("192.0.3.0/24", name="Example"))
        server.put("apnic", RdapRecord("203.0.112.0/24", netname="STUB-203-0-112SLASH24"))
        yield World({one.key: replace(one, rdap_url=server.urls[one.key]) for one in RIRS})
        await server.stop()


@pytest.fixture(scope="module")
def golden_servers() -> Iterator[dict[str, WebServer]]:
    """One web server for each registry, with its golden answers."""
    opened = [web_server() for _ in RIRS]
    servers = {one.key: opener.__enter__() for one, opener in zip(RIRS, opened, strict=True)}
    page: Callable[[str], Page] = lambda name: Page((GOLDEN / f"{name}.json").read_bytes())  # noqa: E731
    for key, given in NETWORKS.items():
        for cidr in (given.cidr, given.inside):
            servers[key].pages[f"/ip/{cidr}"] = page(key)
    absent = replace(page("not_found"), status=404)
    servers["ripencc"].pages[f"/ip/{ELSEWHERE}"] = absent
    for path in ("/ip/192.0.3.0/24", "/ip/192.0.4.0/24"):
        led = Page(status=302, headers={"location": f"{servers['arin'].url}{path}"})
        servers["ripencc"].pages[path] = led
    there = page("arin").content.replace(b'"198.51.100.', b'"192.0.3.')
    servers["arin"].pages["/ip/192.0.3.0/24"] = Page(there)
    servers["arin"].pages["/ip/192.0.4.0/24"] = absent
    stub = page("transferred").content.replace(b'"203.0.113.', b'"203.0.112.')
    servers["apnic"].pages["/ip/203.0.112.0/24"] = Page(stub)
    yield servers
    for opener in opened:
        opener.__exit__(None, None, None)


class TestGoldenAnswers(RegistrationDataContract):
    @pytest.fixture
    def world(self, golden_servers: dict[str, WebServer]) -> World:
        urls = {key: f"{server.url}/" for key, server in golden_servers.items()}
        return World({one.key: replace(one, rdap_url=urls[one.key]) for one in RIRS})
