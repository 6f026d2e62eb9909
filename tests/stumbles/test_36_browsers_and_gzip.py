"""Stumble 36: pages in browsers where the operator names them, and answers that are compressed."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import process_time

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.application import create_application
from byoip.api.border.large_answers import PART, compressed, takes_gzip
from byoip.api.border.rate_limiting import RequestLimiter
from byoip.domain.accounts.limits import Limits
from byoip.settings.model import Settings
from byoip.store.accounts.rate_limits import RateWindows
from tests.api.test_operations import fresh
from tests.api.test_tenancy import bearer
from tests.api.world import World

PORTAL = "https://portal.example.net"
ASKING = {"access-control-request-method": "PATCH"}


@asynccontextmanager
async def browsing(world: World, *origins: str) -> AsyncIterator[httpx.AsyncClient]:
    backend = replace(fresh(world.backend), cors_origins=origins)
    transport = httpx.ASGITransport(create_application(backend))
    async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
        yield client


def cors(answered: httpx.Response) -> set[str]:
    return {name for name in answered.headers if name.startswith("access-control-")}


async def test_36_a_page_of_another_origin_may_ask_where_the_operator_names_it(
    world: World,
) -> None:
    path = world.url("/prefixes")
    async with browsing(world, PORTAL) as client:
        asked = await client.options(path, headers={"origin": PORTAL, **ASKING})
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, PORTAL)
        assert "PATCH" in asked.headers["access-control-allow-methods"]
        assert "authorization" in asked.headers["access-control-allow-headers"]
        read = await client.get(path, headers={"origin": PORTAL, **bearer(world.token)})
        assert read.headers["access-control-allow-origin"] == PORTAL
        assert "etag" in read.headers["access-control-expose-headers"]
        assert "origin" in read.headers.get_list("vary", split_commas=True)
        assert "access-control-allow-credentials" not in {*asked.headers, *read.headers}
        assert (await client.get(path, headers={"origin": PORTAL})).status_code == 401


@pytest.mark.parametrize("origins", [(), (PORTAL,)])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{PORTAL}.evil.example"])
async def test_36_no_other_page_may(world: World, origins: tuple[str, ...], origin: str) -> None:
    async with browsing(world, *origins) as client:
        path = world.url("/prefixes")
        asked = await client.options(path, headers={"origin": origin, **ASKING})
        assert (asked.status_code, cors(asked)) == (405, set())
        assert cors(await client.get(path, headers={"origin": origin})) == set()


@pytest.mark.parametrize("origin", ["*", "null", f"{PORTAL}/", "portal.example.net", "ftp://a.b"])
def test_36_an_origin_is_written_as_browsers_send_it(origin: str) -> None:
    assert Settings(cors_origins=PORTAL).cors_origins == (PORTAL,)
    with pytest.raises(ValidationError):
        Settings(cors_origins=origin)


async def test_36_what_is_large_is_compressed_for_those_who_take_it(world: World) -> None:
    path = await history(world)
    plain = {"accept-encoding": "identity", **bearer(world.token)}
    whole = await world.client.get(path, headers=plain)
    assert "content-encoding" not in whole.headers
    packed = await world.client.get(path, headers=plain | GZIP)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == whole.content
    assert int(packed.headers["content-length"]) < len(whole.content)
    assert packed.headers["vary"] == whole.headers["vary"] == "accept-encoding"


GZIP = {"accept-encoding": "gzip"}


async def history(world: World) -> str:
    """Where events of more than 1 kB are read."""
    made = (await world.prefix())["id"]
    changed = {"description": "y" * 1000}
    await world.result("PATCH", f"/prefixes/{made}", json=changed)
    return world.url(f"/prefixes/{made}/events")


async def test_36_no_answer_with_a_secret_is(world: World) -> None:
    made = await world.prefix()
    tokens = world.url(f"/prefixes/{made['id']}/validation_tokens")
    for _ in range(5):
        await world.client.post(tokens, headers=bearer(world.token), json={"method": "irr"})
    listed = await world.client.get(tokens, headers=GZIP | bearer(world.token))
    assert len(listed.content) > 1024
    written = await world.client.patch(
        world.url(f"/prefixes/{made['id']}"),
        headers=GZIP | bearer(world.token),
        json={"description": "y" * 200},
    )
    for answered in (listed, written):
        assert answered.is_success
        assert "content-encoding" not in answered.headers


async def test_36_what_is_small_or_a_refusal_is_not(world: World) -> None:
    answered = await world.client.get(world.url("/services"), headers=GZIP | bearer(world.token))
    assert len(answered.content) < 1024
    assert {"content-encoding", "vary"} & set(answered.headers) == set()


@pytest.mark.parametrize(
    ("given", "takes"),
    [
        (b"gzip", True),
        (b"br;q=1.0, GZIP ;q=0.5", True),
        (b"gzip;q=0", False),
        (b"gzip;q=0.000", False),
        (b"x-gzip", False),
        (b"", False),
        (b"," * 5000 + b"gzip", False),
    ],
)
def test_36_a_client_names_what_it_takes(given: bytes, *, takes: bool) -> None:
    assert takes_gzip([(b"accept-encoding", given)]) is takes


async def test_36_others_are_served_while_megabytes_are_compressed() -> None:
    content = b"".join(b"%d," % number for number in range(PART * 10))
    longest, last = 0.0, process_time()

    async def other() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0)
            longest, last = max(longest, process_time() - last), process_time()

    turning = asyncio.create_task(other())
    await asyncio.sleep(0)
    began = process_time()
    packed = await compressed(content)
    took = process_time() - began
    turning.cancel()
    assert zlib.decompress(packed, wbits=31) == content
    assert longest < took / 4


@pytest.mark.parametrize("whose", ["credential", "account"])
async def test_39_the_limit_of_all_requests_says_whose_it_is(
    world: World, engine: AsyncEngine, whose: str
) -> None:
    of = {"per_credential": 1000, "per_account": 1000, f"per_{whose}": 1}
    limiter = RequestLimiter(RateWindows(engine), Limits(**of))
    for route in world.app.router.routes:
        if hasattr(route, "backend"):
            route.backend = replace(world.backend, limiter=limiter)
    await world.call("GET", "/services")
    [error] = (await world.call("GET", "/services")).json()["errors"]
    assert f"for this {whose}:" in error["message"]
