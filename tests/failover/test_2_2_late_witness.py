"""Failover 2.2: a process that comes back once the database was judged spoils no verdict."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg
import pytest

from byoip.cli.stopping import ended
from byoip.domain.speakers.succession import Remembered
from byoip.store.speakers.witnesses import Witness
from byoip.usecases.speakers.forget_applied import recognise
from tests.announcing import OWNER, until
from tests.failover.test_2_2_promotion import UNRELEASED, World, world

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

HERE = "SELECT identity FROM incarnation"


async def known_to(here: World) -> Remembered:
    """What a witness of this database knows."""
    told = Witness(here.pair.url("postgres"), ())
    async with running(told):
        await until(lambda: told._known is not None)
    assert told._known
    return told._known


@asynccontextmanager
async def running(one: Witness) -> AsyncIterator[None]:
    task = asyncio.create_task(one.run())
    try:
        yield
    finally:
        await ended(task, patience=2)


async def judged_again(here: World, known: Remembered) -> str:
    """A process that was frozen since goes on, and the leader looks again."""
    late = Witness(here.pair.url("postgres"), (), process=uuid4(), _known=known)
    async with running(late):
        await until(lambda: late._known is not known or said(here, late))
        async with here.fleet.store.transaction(actor=OWNER) as tx:
            verdict = await recognise(tx)
    return verdict.value


def said(here: World, one: Witness) -> bool:
    with psycopg.connect(here.pair.standby.url()) as connection:
        asked = "SELECT FROM witnesses WHERE process = %s AND identity IS NOT NULL"
        return bool(connection.execute(asked, [one.process]).fetchall())


async def test_after_a_restart_of_the_promoted_server_it_has_nothing_to_say() -> None:
    async with world() as here:
        known = await known_to(here)
        await here.fail_over()
        assert await here.judged() == ["database.failed_over"]
        here.pair.standby.stop()
        await asyncio.to_thread(here.pair.standby.start)
        await here.withdraw()
        assert await judged_again(here, known) == "same"
        await until(lambda: here.holds(here.stays))
        assert await here.judged() == ["database.failed_over"]


async def test_what_it_misses_for_certain_is_in_doubt_and_nothing_else() -> None:
    async with world() as here:
        known = await known_to(here)
        _, _, route = here.fleet.ids[here.goes]
        more = {**known.changes, route: known.changes[route] + 1}
        await here.fail_over()
        assert await here.judged() == ["database.failed_over"]
        later = Remembered(known.identity, more, (), known.flushed, known.at)
        assert await judged_again(here, later) == "in_doubt"
        assert here.promoted(UNRELEASED) in ([(here.goes.network,)], [])  # it is up: seen at once
        assert await here.holds(here.stays, here.goes)
