from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.bindings.services import seed_services
from byoip.store.claims.reader import CustomerReader


async def test_what_an_operator_has_retired_is_not_offered_again_by_the_settings(
    engine: AsyncEngine,
) -> None:
    await seed_services(engine, [("cdn", False), ("spectrum", False)])
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE services SET removed_at = now() WHERE name = 'cdn'"))
    await seed_services(engine, [("cdn", False), ("spectrum", True), ("transit", False)])
    offered = await CustomerReader(engine).services()
    assert [(one.name, one.default_only) for one in offered] == [
        ("spectrum", True),
        ("transit", False),
    ]
