from collections.abc import Iterable

from sqlalchemy import func, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.tables import services
from byoip.store.unavailable import translated


async def seed_services(engine: AsyncEngine, offered: Iterable[tuple[str, bool]]) -> None:
    """Offer these services (name, default_only); those there already keep their ids.

    What is no longer named stays: bindings rest on it, and removing is a decision of its own.
    """
    seeding = insert(services)
    kept = seeding.on_conflict_do_update(
        index_elements=[services.c.name],
        index_where=services.c.live,
        set_={"default_only": seeding.excluded.default_only},
        where=or_(services.c.default_only != seeding.excluded.default_only),
    )
    with translated():
        async with engine.begin() as connection:
            for name, default_only in offered:
                values = {
                    "id": func.gen_random_uuid(),
                    "name": name,
                    "default_only": default_only,
                    "created_at": func.now(),
                }
                await connection.execute(kept.values(values))
