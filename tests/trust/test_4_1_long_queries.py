"""Trust, 4.1: a query of 60 kB, from anyone, is read by nobody: that took 30 ms each time."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import httpx
import pytest

from tests.trust.served import served

FIELDS = "%61&" * 15_000


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with served(database_url) as api:
        customer = await api.customer()
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{api.port}",
            timeout=60,
            headers={"authorization": f"Bearer {customer.token}"},
        ) as client:
            client.headers["x-path"] = customer.path
            yield client


async def test_4_1_pages_without_a_token_read_no_long_query(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def parsed(query: str, **how: Any) -> Any:
        read.append(len(query))
        return parse_qsl(query, **how)

    def unquoted(part: bytes) -> bytes:
        read.append(len(part))
        return unquote_to_bytes(part)

    monkeypatch.setattr("starlette.datastructures.parse_qsl", parsed)
    monkeypatch.setattr("byoip.api.head.unquote_to_bytes", unquoted)
    for method in ("GET", "HEAD"):
        for path in ("/healthz", "/readyz", "/metrics", "/errors", "/", "/ui/enter", "/ui"):
            assert (await client.request(method, f"{path}?{FIELDS}")).status_code in {200, 303}
    assert sum(read) < 1000


async def test_4_1_an_operation_refuses_a_long_query_and_does_not_cut_it(
    client: httpx.AsyncClient,
) -> None:
    path = f"{client.headers['x-path']}/prefixes"
    assert (await client.get(f"{path}?per_page=10")).status_code == 200
    for query in (f"per_page=10&{FIELDS}", "per_page=" + "1" * 2000, "cidr=10.0.0.0/8" * 1000):
        refused = await client.get(f"{path}?{query}")
        assert refused.status_code in {400, 422}
        assert refused.json()["errors"][0]["name"] == "query_parameter_unknown"
