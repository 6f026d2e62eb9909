"""Issue Tools, 4.4: what goes wrong at customers is planted; on the wire, by dnspython."""

from collections.abc import AsyncIterator
from unittest.mock import AsyncMock, MagicMock

import dns.edns
import dns.flags
import dns.rcode
import dns.rdatatype
import httpx
import pytest

from byoip.sandbox.control import create_control
from byoip.sandbox.name_server import NameServer
from byoip.sandbox.rdap_server import RdapServer
from byoip.sandbox.whois_server import WhoisServer
from tests.sandbox.test_name_server import ADDRESSES, OWNER, question, udp, values

ZONE = "2.0.192.in-addr.arpa."


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    server = NameServer()
    await server.start(ADDRESSES)
    yield server
    await server.stop()


@pytest.fixture
async def control(server: NameServer) -> AsyncIterator[httpx.AsyncClient]:
    tokens = MagicMock(expire=AsyncMock(side_effect=lambda value: value == "live"))
    app = create_control(WhoisServer(), server, MagicMock(), RdapServer(), tokens)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://control") as client:
        yield client


async def test_4_4_a_cname_is_planted_and_taken_away(
    server: NameServer, control: httpx.AsyncClient
) -> None:
    await control.put(f"/dns/txt/{OWNER}", json=["one"])
    planted = await control.put(f"/dns/cname/{OWNER}", json="token.elsewhere.example.")
    assert planted.status_code == 204
    for asked in (question(), question(resolve=True)):
        answer = await udp(server, asked)
        assert [one.rdtype for one in answer.answer] == [dns.rdatatype.CNAME]
        assert values(answer) == ["token.elsewhere.example."]
    assert (await control.delete(f"/dns/cname/{OWNER}")).status_code == 204
    assert values(await udp(server, question())) == ['"one"']
    assert (await control.delete(f"/dns/cname/{OWNER}")).status_code == 404
    assert (await control.put("/dns/cname/example.com", json="a.example.")).status_code == 422
    assert (await control.put(f"/dns/cname/{OWNER}", json="a..b")).status_code == 422


async def test_4_4_a_resolver_refuses_what_is_bogus_and_says_why(
    server: NameServer, control: httpx.AsyncClient
) -> None:
    await control.put(f"/dns/txt/{OWNER}", json=["one"])
    assert (await control.put(f"/dns/bogus/{ZONE}")).status_code == 204
    refused = await udp(server, question(resolve=True))
    assert refused.rcode() == dns.rcode.SERVFAIL
    assert [one.code for one in refused.extended_errors()] == [dns.edns.EDECode.DNSSEC_BOGUS]
    unchecked = question(resolve=True)
    unchecked.flags |= dns.flags.CD
    assert values(await udp(server, unchecked)) == ['"one"']
    assert values(await udp(server, question())) == ['"one"'], "the zone's own servers know nothing"
    assert (await control.delete(f"/dns/bogus/{ZONE}")).status_code == 204
    assert values(await udp(server, question(resolve=True))) == ['"one"']
    assert (await control.delete(f"/dns/bogus/{ZONE}")).status_code == 404


async def test_4_4_deleting_all_names_takes_plants_away_as_well(
    server: NameServer, control: httpx.AsyncClient
) -> None:
    await control.put(f"/dns/cname/{OWNER}", json="a.example.")
    await control.put(f"/dns/bogus/{ZONE}")
    await control.delete("/dns")
    answer = await udp(server, question(resolve=True))
    assert (answer.rcode(), answer.answer) == (dns.rcode.NXDOMAIN, [])


async def test_4_4_all_address_blocks_around_a_prefix_are_removed_and_routes_stay(
    control: httpx.AsyncClient,
) -> None:
    text = (
        "inetnum: 192.0.0.0 - 192.0.255.255\nmnt-by: A\nsource: RIPE\n\n"
        "inetnum: 192.0.2.0 - 192.0.2.255\nmnt-by: A\nsource: RIPE\n\n"
        "inetnum: 192.1.0.0 - 192.1.0.255\nmnt-by: A\nsource: RIPE\n\n"
        "route: 192.0.2.0/24\norigin: AS1\nmnt-by: A\nsource: RIPE\n"
    )
    await control.put("/irr/RIPE", content=text)
    assert (await control.delete("/irr/RIPE/blocks/192.0.2.0/24")).status_code == 204
    assert (await control.delete("/irr/RIPE/blocks/192.0.2.0/24")).status_code == 404
    assert (await control.delete("/irr/RIPE/route/192.0.2.0/24AS1")).status_code == 204
    assert (await control.delete("/irr/RIPE/blocks/192.1.0.0/24")).status_code == 204
    assert (await control.delete("/irr/RIPE/blocks/nonsense")).status_code == 422


async def test_4_4_a_token_in_force_is_expired_and_no_other(control: httpx.AsyncClient) -> None:
    for value, status in (("live", 204), ("gone", 404)):
        assert (await control.post("/tokens/expire", json=value)).status_code == status
