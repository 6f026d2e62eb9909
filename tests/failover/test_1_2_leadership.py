"""Failover 1.2: a reconciler leads again at the standby when its primary is frozen, or cut off."""

import asyncio
import time

import psycopg
import pytest

from byoip.store.engine import PoolSize, make_engine
from byoip.store.migrating import migrate
from tests.announcing import Fleet, looks, reconciling, until
from tests.failover.pair import Pair, pair_of, report
from tests.fakes.speaker import FakeSpeaker

LEADS = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'byoip routes'"


@pytest.mark.parametrize("kind", ["frozen", "silent"])
async def test_a_primary_takes_the_leadership_along_for_seconds_only(kind: str) -> None:
    with pair_of() as pair:
        if kind == "silent" and not pair.can_be_silent:
            pytest.skip("only root can make networks")
        url = pair.url("postgres")
        migrate(url, "sandbox")
        engine, speaker = make_engine(url, pool=PoolSize(kept=5, autocommit=5)), FakeSpeaker("one")
        async with reconciling(Fleet(engine), speaker):
            await looks(speaker)
            pair.caught_up()
            pair.primary.freeze() if kind == "frozen" else pair.primary.plug.pull()
            began = time.monotonic()
            await asyncio.sleep(3)
            await asyncio.to_thread(pair.standby.promote)
            await until(lambda: _leads(pair))
            report(f"{kind}: the leadership again after {time.monotonic() - began:.1f} s")
            await looks(speaker)
        await engine.dispose()


def _leads(pair: Pair) -> bool:
    with psycopg.connect(pair.standby.url()) as connection:
        return connection.execute(LEADS).fetchone() is not None
