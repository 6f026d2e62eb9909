import asyncio
import logging
import re
from dataclasses import replace
from typing import Any, NoReturn
from uuid import UUID

import httpx
import pytest

from byoip.api import operations
from byoip.api.application import create_application
from byoip.api.border.backend import Backend
from byoip.store.accounts.credentials import CredentialReader
from byoip.store.engine import make_engine
from tests.api.world import World
from tests.fakes.backend import make_backend


async def test_health_and_readiness(world: World) -> None:
    assert (await world.client.get("/healthz")).json() == {"status": "ok"}
    response = await world.client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "checks": {"database": "ok"}}


def client_of(backend: Backend) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_application(backend), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://byoip.test")


async def test_a_probe_that_complains_or_hangs_makes_it_not_ready(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def complains() -> str:
        return "a foreign revision"

    async def hangs() -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(operations, "PROBE_SECONDS", 0.05)
    probes = {"migrations": complains, "database": hangs}
    async with client_of(replace(fresh(world.backend), probes=probes)) as client:
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {
        "migrations": "a foreign revision",
        "database": "no answer within 0.05 s",
    }


def fresh(backend: Backend) -> Backend:
    return replace(backend, metrics=type(backend.metrics)())


async def test_metrics_count_by_route_and_not_by_path(world: World) -> None:
    await world.errors("GET", f"/prefixes/{'0' * 32}")
    await world.client.get("/nowhere/at/all")
    await world.client.request("BREW", "/nowhere")
    text = (await world.client.get("/metrics")).text
    route = "/client/v4/accounts/{account_id}/addressing/prefixes/{prefix_id}"
    assert f'byoip_http_requests_total{{method="GET",route="{route}",status="404"}} 1.0' in text
    assert 'byoip_http_requests_total{method="any",route="none",status="404"} 2.0' in text
    assert "0000000000" not in text


async def test_the_documents_need_nothing_from_elsewhere(world: World) -> None:
    page = (await world.client.get("/docs")).text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    for source in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert (await world.client.get(source)).status_code == 200
    assert (await world.client.get("/openapi.json")).json()["openapi"].startswith("3.1")


async def test_the_error_page_is_where_errors_point(world: World) -> None:
    response = await world.call("GET", f"/prefixes/{'0' * 32}")
    address, _, anchor = response.json()["errors"][0]["documentation_url"].partition("#")
    page = await world.client.get(address)
    assert page.status_code == 200
    assert f'id="{anchor}"' in page.text


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/client/v4", "/client/v4/accounts/x/addressing/prefixes/", "/docs/", "/errors/"],
)
async def test_an_unknown_path_is_404_in_the_envelope(world: World, path: str) -> None:
    response = await world.client.get(path)
    assert response.status_code == 404
    assert response.json()["errors"][0]["name"] == "route_not_found"


async def test_a_wrong_method_names_all_that_would_do(world: World) -> None:
    response = await world.call("PUT", "/prefixes")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"
    assert response.json()["errors"][0]["name"] == "method_not_allowed"
    response = await world.client.options(world.url(f"/prefixes/{'0' * 32}"))
    assert response.headers["allow"] == "DELETE, GET, PATCH"


class Broken:
    """Accounts whose store fails."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    def seen(self, _: bytes) -> tuple[()]:
        """It has seen no token."""
        return ()

    async def recognise_with(self, _: bytes) -> NoReturn:
        raise self.fault


async def failing(world: World, fault: Exception) -> httpx.Response:
    credentials: CredentialReader = Broken(fault)  # type: ignore[assignment]  # one method of it is asked
    async with client_of(replace(fresh(world.backend), credentials=credentials)) as client:
        return await client.get(
            world.url("/prefixes"),
            headers={"authorization": f"Bearer {world.token}", "x-request-id": "mine-1"},
        )


async def test_a_fault_of_ours_tells_the_request_id_and_nothing_else(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    response = await failing(world, ValueError("SELECT secret FROM credentials"))
    assert response.status_code == 500
    assert response.headers["x-request-id"] == "mine-1"
    [error] = response.json()["errors"]
    assert error["name"] == "internal_error"
    assert "mine-1" in error["message"]
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert "SELECT secret" in caplog.text


async def test_a_database_that_is_away_is_503_with_retry_after(world: World) -> None:
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    backend = make_backend(nowhere, world.clock, world.outside)
    async with client_of(backend) as client:
        response = await client.get(
            world.url("/prefixes"),
            headers={"authorization": f"Bearer {world.token}", "x-request-id": "mine-1"},
        )
    await nowhere.dispose()
    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    [error] = response.json()["errors"]
    assert error["name"] == "database_unavailable"
    assert "mine-1" in error["message"]


class Counted:
    """Passes everything on, and notes what was asked."""

    def __init__(self, inner: object, asked: list[str]) -> None:
        self._inner = inner
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        self._asked.append(name)
        return getattr(self._inner, name)


async def test_reading_a_prefix_asks_the_store_for_one_thing(world: World) -> None:
    made = await world.prefix()
    asked: list[str] = []
    credentials: Any = Counted(world.backend.credentials, asked)
    reader: Any = Counted(world.backend.reader, asked)
    async with client_of(
        replace(fresh(world.backend), credentials=credentials, reader=reader)
    ) as client:
        headers = {"authorization": f"Bearer {world.token}"}
        response = await client.get(world.url(f"/prefixes/{made['id']}"), headers=headers)
    assert response.status_code == 200
    # One of these is a statement, as the store promises; the others ask this process alone.
    assert asked == ["seen", "recognise_with", "beside", "claim_beside"]


async def test_a_request_id_is_taken_or_made(world: World) -> None:
    for given in ("deploy.42_x-1", "a" * 64):
        response = await world.client.get("/healthz", headers={"x-request-id": given})
        assert response.headers.get_list("x-request-id") == [given]
    for refused in ("a" * 65, "a b", "x\ty", "{}", ""):
        response = await world.client.get("/healthz", headers={"x-request-id": refused})
        assert UUID(response.headers["x-request-id"]).version == 4


async def test_a_request_leaves_one_line_without_secrets(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "byoip.access")
    await world.call("GET", "/services?per_page=1", headers={"x-request-id": "abc"})
    [record] = [one for one in caplog.records if one.name == "byoip.access"]
    names = ("request_id", "credential", "method", "path", "status", "ms")
    line = {name: getattr(record, name) for name in names}
    credential = await world.backend.credentials.recognise(world.token)
    assert credential is not None
    assert line.pop("ms") > 0
    assert line == {
        "request_id": "abc",
        "credential": credential.id.hex,
        "method": "GET",
        "path": world.url("/services"),
        "status": 200,
    }
    assert world.token not in caplog.text


async def test_a_probe_that_passes_leaves_no_line(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "byoip.access")
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/healthz/", 404)):
        assert (await world.client.get(path)).status_code == status
    assert [one.getMessage() for one in caplog.records] == ["GET /healthz/ 404"]


async def test_metrics_tell_what_the_whole_service_sees(world: World) -> None:
    before = approved_in((await world.client.get("/metrics")).text)
    await world.approved()
    text = (await world.client.get("/metrics")).text
    assert "byoip_database_up 1.0" in text
    assert approved_in(text) == before + 1  # the tests of this package share a database
    assert "byoip_roa_snapshots_refused 0.0" in text


def approved_in(metrics: str) -> float:
    [line] = re.findall(r"^byoip_prefixes_approved (\S+)$", metrics, re.MULTILINE)
    return float(line)
