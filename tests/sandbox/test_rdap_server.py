"""The sandbox's RDAP servers, and the calls that fill them."""

from collections.abc import AsyncIterator
from unittest.mock import MagicMock

import httpx
import pytest

from byoip.sandbox.control import create_control
from byoip.sandbox.name_server import NameServer
from byoip.sandbox.rdap_server import RdapFault, RdapServer
from byoip.sandbox.whois_server import WhoisServer


@pytest.fixture
async def server() -> AsyncIterator[RdapServer]:
    running = RdapServer()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def control(server: RdapServer) -> AsyncIterator[httpx.AsyncClient]:
    roas = MagicMock()  # of no concern here
    app = create_control(WhoisServer(), NameServer(), roas, server, roas)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://control") as client:
        yield client


async def get(server: RdapServer, registry: str, prefix: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.get(f"{server.urls[registry]}ip/{prefix}")


async def holder(server: RdapServer, registry: str, prefix: str) -> str:
    answer = (await get(server, registry, prefix)).json()
    card = answer["entities"][-2]["vcardArray"][1]
    return str(next(value for name, _, _, value in card if name == "fn"))


async def test_the_shares_have_holders_from_the_start(server: RdapServer) -> None:
    assert await holder(server, "ripencc", "192.0.2.0/25") == "Holder of sandbox-ripencc-1"
    assert (await get(server, "arin", "192.0.2.0/25")).status_code == 404


async def test_a_network_is_put_moved_and_deleted(
    server: RdapServer, control: httpx.AsyncClient
) -> None:
    path = "/rdap/ripencc/192.0.2.0/25"
    assert (await control.put(path, json={"name": "Société X"})).status_code == 204
    assert await holder(server, "ripencc", "192.0.2.0/26") == "Société X"
    assert await holder(server, "ripencc", "192.0.2.0/24") == "Holder of sandbox-ripencc-1"
    await control.put(path, json={"moved_to": "arin"})
    moved = await get(server, "ripencc", "192.0.2.0/26")
    assert moved.status_code == 302
    assert moved.headers["location"] == f"{server.urls['arin']}ip/192.0.2.0/26"
    assert (await control.delete(path)).status_code == 204
    assert (await control.delete(path)).status_code == 404
    assert await holder(server, "ripencc", "192.0.2.0/26") == "Holder of sandbox-ripencc-1"


async def test_a_prefix_is_put_once_however_it_is_written(
    server: RdapServer, control: httpx.AsyncClient
) -> None:
    await control.put("/rdap/ripencc/2001:DB8:0::/40", json={"name": "X"})
    assert (await control.delete("/rdap/ripencc/2001:db8::/40")).status_code == 204
    assert await holder(server, "ripencc", "2001:db8::/40") == "Holder of sandbox-ripencc-3"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("nobody/192.0.2.0/24", {}),
        ("ripencc/192.0.2.1/24", {}),
        ("ripencc/192.0.2.0", {}),
        ("ripencc/text", {}),
        ("ripencc/192.0.2.0/24", {"moved_to": "nobody"}),
        ("ripencc/192.0.2.0/24", {"nope": 1}),
        ("ripencc/192.0.2.0/24", {"name": 1}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    server: RdapServer, control: httpx.AsyncClient, path: str, body: dict[str, object]
) -> None:
    assert (await control.put(f"/rdap/{path}", json=body)).status_code == 422
    assert await holder(server, "ripencc", "192.0.2.0/24") == "Holder of sandbox-ripencc-1"


async def test_deleting_all_leaves_the_shares(
    server: RdapServer, control: httpx.AsyncClient
) -> None:
    await control.put("/rdap/ripencc/192.0.2.0/25", json={"name": "X"})
    assert (await control.delete("/rdap")).status_code == 204
    assert await holder(server, "ripencc", "192.0.2.0/25") == "Holder of sandbox-ripencc-1"


async def test_it_misbehaves_until_told_otherwise(
    server: RdapServer, control: httpx.AsyncClient
) -> None:
    assert (await control.put("/faults/rdap", json={"kind": "refused"})).status_code == 204
    assert server.fault is RdapFault.REFUSED
    refused = await get(server, "ripencc", "192.0.2.0/24")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert (await control.put("/faults/rdap", json={"kind": "nope"})).status_code == 422


async def test_a_client_that_talks_nonsense_ends_its_own_connection_only(
    server: RdapServer,
) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        assert (await client.get(f"{server.urls['arin']}entity/X")).status_code == 400
        with pytest.raises(httpx.HTTPError):
            await client.get(f"{server.urls['arin']}ip/nonsense")
        with pytest.raises(httpx.HTTPError):
            await client.get(f"{server.urls['arin']}ip/192.0.2.0/24", headers={"x": "y" * 99_999})
    assert (await get(server, "arin", "198.51.100.0/24")).status_code == 200
