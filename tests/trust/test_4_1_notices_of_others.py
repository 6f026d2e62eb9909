"""Trust, 4.1: a notice that names nothing ends no process; any role of the database may send it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.connecting import noticed
from byoip.store.jobs.jobs import make_job_app
from tests.announcing import Fleet, reconciling, speaker, until

NONSENSE = "nonsense ' 00000000"


async def notify(engine: AsyncEngine, channel: str, said: str = NONSENSE) -> None:
    async with engine.begin() as connection:
        asked = {"channel": channel, "said": said}
        await connection.execute(text("SELECT pg_notify(:channel, :said)"), asked)


async def test_routes_are_announced_as_before(fleet: Fleet) -> None:
    one = speaker("one")
    first, second = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with reconciling(fleet, one):
        await fleet.announce(first)
        await until(lambda: first in one.paths)
        await notify(fleet.engine, "byoip_routes")
        await fleet.announce(second)
        await until(lambda: second in one.paths)


@pytest.mark.parametrize("payload", ["", NONSENSE, "x" * 7000])
def test_what_is_no_id_is_passed_over(payload: str) -> None:
    one, two = uuid4(), uuid4()
    assert noticed(f"{one.hex} {payload} {two.hex}") == [one, two]


@pytest.mark.parametrize("said", ["1", "{}"])
async def test_jobs_are_carried_out_as_before(
    engine: AsyncEngine, database_url: str, said: str
) -> None:
    app, carried_out = make_job_app(database_url), asyncio.Event()

    @app.task(name="one", queue="of_one")
    async def one() -> None:
        carried_out.set()

    async def another() -> None:
        carried_out.clear()
        await one.defer_async()
        async with asyncio.timeout(60):
            await carried_out.wait()

    seldom: dict[str, Any] = {"install_signal_handlers": False, "fetch_job_polling_interval": 300}
    async with app.open_async():
        working = asyncio.create_task(app.run_worker_async(queues=["of_one"], **seldom))
        await another()
        await notify(engine, "procrastinate_queue_v1#of_one", said)
        await asyncio.wait([working], timeout=1)  # for what would stop it from listening
        await another()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
