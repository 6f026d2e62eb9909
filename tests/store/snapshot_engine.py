from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.engine import make_engine


@asynccontextmanager
async def snapshot_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a migrated database, for tests outside tests/store."""
    engine = make_engine(database_url)
    try:
        yield engine
    finally:
        await engine.dispose()
