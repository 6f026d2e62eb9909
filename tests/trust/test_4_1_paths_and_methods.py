"""Trust, 4.1: what a stranger names, a path or a method, costs nothing that grows with it."""

import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.trust.served import served

METHODS = (
    *("POST", "PUT", "DELETE", "TRACE", "COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND", "PROPPATCH"),
    *("SEARCH", "UNLOCK", "BIND", "REBIND", "UNBIND", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT"),
    *("MERGE", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PATCH", "PURGE", "LINK", "UNLINK"),
)
ROUTES = ("/healthz", "/errors", "/loa/a", "/client/v4/operator/accounts")


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(database_url) as api,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as client,
    ):
        yield client


async def test_a_method_that_no_route_has_is_one_line_of_metrics(
    client: httpx.AsyncClient,
) -> None:
    async def lines() -> int:
        return len((await client.get("/metrics")).text.splitlines())

    for path in (*ROUTES, "/metrics"):
        await client.request("OPTIONS", path)
        await client.get(path)
    before = await lines()
    for method in METHODS:
        for path in ROUTES:
            assert (await client.request(method, path)).status_code in {401, 405}
    # POST of accounts is an operation; its methods are counted one by one.
    assert await lines() - before < 40


async def test_a_long_path_is_not_looked_for_step_by_step(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, lstat = 0, os.lstat

    def counted(path: Any, **how: Any) -> os.stat_result:
        nonlocal looked
        looked += 1
        return lstat(path, **how)

    monkeypatch.setattr(os, "lstat", counted)
    found = await client.get("/static-offline-docs/swagger-ui.css")
    assert found.status_code == 200
    before = looked
    nothing = await client.get("/static-offline-docs/" + "a/" * 30_000)
    assert nothing.status_code == 404
    assert before < looked < 1000
