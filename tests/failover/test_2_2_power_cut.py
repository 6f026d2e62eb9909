"""Failover 2.2: all processes are gone at once, and the standby was promoted meanwhile."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from byoip.cli.stopping import ended
from byoip.domain.prefix import Prefix
from byoip.store.engine import PoolSize, make_engine
from byoip.store.migrating import migrate
from byoip.store.speakers.witnesses import Witness
from tests.announcing import Fleet, looks, reconciling, speaker, until
from tests.failover.pair import Pair, pair_of
from tests.fakes.speaker import FakeSpeaker

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

KINDS = "SELECT kind FROM operator_events ORDER BY number"
WITNESSES = "SELECT count(*) FROM witnesses WHERE key IS NOT NULL"
DOUBT = "SELECT detail FROM route_alarms WHERE kind = 'in_doubt'"


@dataclass
class Site:
    """Two routes are up; the process that knew the database was killed, and its disk is left."""

    fleet: Fleet
    pair: Pair
    directory: Path
    stays: Prefix
    goes: Prefix

    def promoted(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.pair.standby.url()) as connection:
            return connection.execute(statement).fetchall()

    @asynccontextmanager
    async def back(self, one: FakeSpeaker) -> AsyncIterator[list[str]]:
        """The standby was promoted elsewhere; a worker starts, and tells the speaker."""
        await asyncio.to_thread(self.pair.standby.promote)
        async with self.working(one):
            await until(lambda: bool(self.promoted(KINDS)))
            yield [kind for (kind,) in self.promoted(KINDS)]

    @asynccontextmanager
    async def working(self, one: FakeSpeaker) -> AsyncIterator[None]:
        """A worker, with what the one before kept on its disk."""
        witness = Witness(self.pair.url("postgres"), (), self.directory)
        task = asyncio.create_task(witness.run())
        try:
            async with reconciling(self.fleet, one):
                yield
        finally:
            await ended(task, patience=2)


@asynccontextmanager
async def power_cut(directory: Path, *, lost: bool = False) -> AsyncIterator[Site]:
    with pair_of() as pair:
        url = pair.url("postgres")
        migrate(url, "sandbox")
        engine = make_engine(url, pool=PoolSize(kept=5, autocommit=5))
        fleet, one = Fleet(engine), speaker("one")
        stays, goes = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
        argv = [sys.executable, "-m", "tests.failover.witness_process", url, str(directory)]
        process = await asyncio.create_subprocess_exec(*argv)
        made = Site(fleet, pair, directory, stays, goes)
        async with reconciling(fleet, one):
            await until(fleet.settled)
            await until(lambda: _is(fleet, WITNESSES, 1))
            await until(lambda: bool(list(directory.glob("*.memory"))))
            await asyncio.to_thread(pair.caught_up)
            if lost:
                await asyncio.to_thread(pair.cut_standby_off)
                await fleet.withdraw(goes)
                await until(fleet.settled)
                await until(lambda: _is(fleet, "SELECT max(change) FROM bgp_prefixes", 3))
                await asyncio.sleep(3)  # the process hears of it, and looks each second
        process.kill()
        await process.wait()
        pair.primary.kill()
        yield made
        await engine.dispose()


async def _is(fleet: Fleet, statement: str, value: object) -> bool:
    return await fleet.ask(statement) == [(value,)]


async def test_without_loss_all_routes_come_back_without_a_person(tmp_path: Path) -> None:
    one = speaker("one")  # it was cut off, too, and has nothing
    async with power_cut(tmp_path) as site, site.back(one) as kinds:
        assert kinds == ["database.failed_over"]
        await until(lambda: _holds(one, site.stays, site.goes))


async def test_with_the_same_database_they_do_as_well(tmp_path: Path) -> None:
    one = speaker("one")
    async with power_cut(tmp_path) as site:
        before = _file(tmp_path)
        await asyncio.to_thread(site.pair.primary.start)
        async with site.working(one):
            await until(lambda: _holds(one, site.stays, site.goes))
            await until(lambda: not before.exists())  # it has spoken
            await looks(one, count=5)
            assert await site.fleet.ask(KINDS) == []
            assert await site.fleet.alarms("restored") == set()


async def test_a_lost_withdrawal_is_in_doubt(tmp_path: Path) -> None:
    one = speaker("one")
    async with power_cut(tmp_path, lost=True) as site, site.back(one) as kinds:
        assert kinds == ["routes.doubted"]
        ((detail,),) = site.promoted(DOUBT)
        assert f"1 routes are in doubt: {site.goes};" in detail
        await until(lambda: _holds(one, site.stays))
        await looks(one, count=5)
        assert await _holds(one, site.stays), "what was withdrawn is not announced again"


async def test_without_the_file_nothing_vouches_for_it(tmp_path: Path) -> None:
    one = speaker("one")
    async with power_cut(tmp_path) as site:
        _lose_files(tmp_path)
        async with site.back(one) as kinds:
            assert "routes.disowned" in kinds
            await looks(one, count=5)
            assert await _holds(one)


def _lose_files(directory: Path) -> None:
    _file(directory).unlink()


def _file(directory: Path) -> Path:
    (found,) = directory.glob("*.memory")
    return found


async def _holds(one: FakeSpeaker, *prefixes: Prefix) -> bool:
    return {path.prefix for path in await one.held()} == set(prefixes)
