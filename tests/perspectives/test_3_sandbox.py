"""Issue "Time", 3: the sandbox can give each place another answer, by its control calls."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.domain.checks.evidence import Failed, Passed, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Found, Lookup, NoEntries, RegistryAnswer, RegistryQuestion
from byoip.sandbox.internet import SandboxInternet
from byoip.sandbox.places import add_place_routes
from tests.perspectives.agents import ACCOUNT, LABEL, LOOPBACK, SystemTime

PREFIX = Prefix.parse("192.0.2.0/24")
(ZONE,) = reverse_zones(PREFIX)
OWNER = ZONE.owner(LABEL)
TOKEN = "n5r7kq2xw4vzt3mbd6yj"
ROUTE = b"route: 192.0.2.0/24\norigin: AS64500\nmnt-by: A-MNT\nsource: ARIN\n"
FRA = "/places/fra"


@pytest.fixture
async def internet() -> AsyncIterator[SandboxInternet]:
    made = SandboxInternet()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def control(internet: SandboxInternet) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    add_place_routes(app, internet.places)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://control") as client:
        yield client


async def seen(port: int, *, within: float = 30) -> Passed | Failed | Unanswered:
    at = [("127.0.0.1", port)]
    asks = DnsLooks(SystemTime(), at, LOOPBACK, authority_port=port, query_deadline=within)
    return judge_zones([await asks.observe(ZONE, LABEL, ACCOUNT)], TOKEN)


async def registered(port: int) -> RegistryAnswer:
    registry = Registry("arin", "ARIN", "127.0.0.1", Dialect.IRRD, port=port)
    asks = WhoisRegistry(SystemTime(), deadline=30)
    return await asks.look_up(RegistryQuestion(registry, Lookup.EXACT_ROUTES, PREFIX, ACCOUNT))


async def test_a_place_sees_what_all_see_until_it_is_told_otherwise(
    internet: SandboxInternet, control: httpx.AsyncClient
) -> None:
    ports = (await control.put(FRA)).json()
    again = (await control.put(FRA)).json()
    assert ports == again
    internet.names.put_txt(OWNER, [TOKEN])
    internet.whois.put("ARIN", ROUTE)
    names, whois = ports["name_server_port"], ports["whois_port"]
    assert isinstance(await seen(names), Passed)
    assert isinstance(await registered(whois), Found)
    assert (await control.put(f"{FRA}/dns/txt/{OWNER}", json=[])).status_code == 204
    other = ROUTE.replace(b"192.0.2.0", b"198.51.100.0")
    assert (await control.put(f"{FRA}/irr/ARIN", content=other)).status_code == 200
    assert isinstance(await seen(names), Failed)
    assert isinstance(await registered(whois), NoEntries)
    assert isinstance(await seen(internet.resolver[1]), Passed), "elsewhere it is there"
    assert isinstance(await registered(internet.whois_port), Found)
    await control.delete(FRA)
    assert isinstance(await seen(names), Passed)
    assert isinstance(await registered(whois), Found)


async def test_a_place_may_hear_nothing(
    internet: SandboxInternet, control: httpx.AsyncClient
) -> None:
    port = (await control.put(FRA)).json()["name_server_port"]
    internet.names.put_txt(OWNER, [TOKEN])
    assert (await control.put(f"{FRA}/faults", json={"dns": "timeout"})).status_code == 204
    assert isinstance(await seen(port, within=0.3), Unanswered)
    assert isinstance(await seen(internet.resolver[1]), Passed)
    assert (await control.put(f"{FRA}/faults", json={"dns": "odd"})).status_code == 422
    assert (await control.put(f"{FRA}/dns/txt/example.", json=[])).status_code == 422
