"""The clock of the leader and the watcher says the database's time, and no later one."""

import asyncio
from datetime import datetime

from sqlalchemy import func, select

from byoip.store.autocommit import AutocommitPool, autocommit_pool
from byoip.store.engine import PoolSize, make_engine
from byoip.store.speakers.leased import DatabaseClock
from byoip.store.statements import compiled

SLEEP = compiled(select(func.pg_sleep(0.5)))
NOW = compiled(select(func.clock_timestamp().label("now")))


async def there(pool: AutocommitPool) -> datetime:
    ((now,),) = await pool.ask(NOW)
    assert isinstance(now, datetime)
    return now


async def test_a_question_that_had_to_wait_does_not_set_it_ahead(database_url: str) -> None:
    engine = make_engine(database_url, pool=PoolSize(autocommit=1, wait_seconds=60))
    pool, clock = autocommit_pool(engine), DatabaseClock()
    before = await there(pool)
    sleeping = asyncio.create_task(pool.ask(SLEEP))
    await asyncio.sleep(0.05)  # the only place is taken
    await clock.set(pool)
    assert before <= clock.now() <= await there(pool)
    await sleeping
    await engine.dispose()
