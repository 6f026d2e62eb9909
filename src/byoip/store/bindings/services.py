from collections.abc import Iterable

from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.bindings.tables import services
from byoip.store.unavailable import translate_driver_errors

_all = services.alias("all_services")
_RETIRED = select(services.c.name).where(
    ~services.c.live, ~exists().where(_all.c.name == services.c.name, _all.c.live)
)


async def seed_services(engine: AsyncEngine, offered: Iterable[tuple[str, bool]]) -> None:
    """Offer these services (name, default_only); those there already keep their ids.

    What is no longer named stays: bindings rest on it, and removing is a decision of its own.
    What an operator has retired stays so, whatever the settings say.
    """
    seeding = insert(services)
    kept = seeding.on_conflict_do_update(
        index_elements=[services.c.name],
        index_where=services.c.live,
        set_={"default_only": seeding.excluded.default_only},
        where=or_(services.c.default_only != seeding.excluded.default_only),
    )
    with translate_driver_errors():
        async with engine.begin() as connection:
            retired = set((await connection.scalars(_RETIRED)).all())
            for name, default_only in offered:
                values = {
                    "id": func.gen_random_uuid(),
                    "name": name,
                    "default_only": default_only,
                    "created_at": func.now(),
                }
                if name not in retired:
                    await connection.execute(kept.values(values))
