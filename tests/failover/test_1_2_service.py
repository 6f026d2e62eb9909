"""Failover 1.2 for the whole service: API, a worker with jobs, readyz, on real servers.

In the normal run `test_1_2_silence.py` has the same guard without processes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import psycopg
import pytest

from byoip.adapters.postgres.binaries import OLDEST_MAJOR
from tests.end_to_end.fleet import Fleet, fleet_of
from tests.failover.pair import Pair, database_on, pair_of, report
from tests.real.parts import Part, require

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]
_PATIENCE_SECONDS = 90


@pytest.mark.parametrize("major", [None, OLDEST_MAJOR])
@pytest.mark.parametrize("kind", ["frozen", "silent"])
async def test_the_service_goes_on_at_the_promoted_standby(
    kind: str, major: int | None, tmp_path: Path
) -> None:
    if major:
        require(Part.OLDEST_POSTGRES)
    with pair_of(major) as pair, database_on(pair) as url:
        if kind == "silent" and not pair.can_be_silent:
            pytest.skip("only root can make networks")
        async with fleet_of(url, tmp_path) as fleet:
            api, [customer] = await fleet.start_api(), await fleet.customers(1)
            worker = fleet.start("worker")
            made = await fleet.ask(api, customer, "POST", "/prefixes", json=_CLAIM)
            await _jobs_done(fleet, pair, more=1)
            pair.caught_up()
            before = _done(pair.primary.url("byoip"))
            pair.primary.freeze() if kind == "frozen" else pair.primary.plug.pull()
            began = time.monotonic()
            promoting = asyncio.create_task(_promoted_after(pair, 3.0))
            path = f"/prefixes/{made['id']}"
            looks = {
                "GET": _succeeds(fleet, api, customer, "GET", path),
                "POST": _succeeds(fleet, api, customer, "POST", f"{path}/validate"),
                "readyz": _ready(fleet, api),
                "jobs": _finished(pair, before),
            }
            took = await asyncio.gather(*(_time(look, began) for look in looks.values()))
            await promoting
            report(f"{kind}, Postgres {major or 'newest'}: {dict(zip(looks, took, strict=True))}")
            assert worker.poll() is None
            if kind == "frozen":
                pair.primary.kill()


_CLAIM = {"cidr": "8.8.8.0/24", "asn": 64500}
_DONE = "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE status = 'succeeded'"


def _done(url: str) -> int:
    with psycopg.connect(url, connect_timeout=5) as connection:
        ((count,),) = connection.execute(_DONE)
    return int(count)


async def _jobs_done(fleet: Fleet, pair: Pair, more: int) -> None:
    async def look() -> bool:
        return _done(pair.primary.url("byoip")) >= more

    await fleet.eventually(look)


async def _promoted_after(pair: Pair, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await asyncio.to_thread(pair.standby.promote)


async def _time(look: Callable[[], Awaitable[bool]], began: float) -> float:
    while not await look():
        assert time.monotonic() - began < _PATIENCE_SECONDS, "it never worked again"
        await asyncio.sleep(0.1)
    return round(time.monotonic() - began, 1)


def _succeeds(
    fleet: Fleet, api: str, customer: tuple[str, str], method: str, path: str
) -> Callable[[], Awaitable[bool]]:
    account, token = customer
    url = f"{api}/client/v4/accounts/{account}/addressing{path}"

    async def look() -> bool:
        answer = await fleet.http.request(
            method, url, headers={"authorization": f"Bearer {token}"}, timeout=60
        )
        assert answer.is_success or answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer
        return answer.is_success

    return look


def _ready(fleet: Fleet, api: str) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return (await fleet.http.get(f"{api}/readyz", timeout=60)).is_success

    return look


def _finished(pair: Pair, before: int) -> Callable[[], Awaitable[bool]]:
    """One more job has been carried out, on the promoted server."""

    async def look() -> bool:
        return await asyncio.to_thread(_done, pair.standby.url("byoip")) > before

    return look
