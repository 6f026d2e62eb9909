"""Failover 2.2: settings that may have been taken back go no further after a loss."""

import asyncio

from tests.announcing import Fleet, listener, looks, reconciling, speaker, until
from tests.routes.test_3_1_revision import (
    CHANGED,
    announced,
    apply,
    blinding,
    has,
    stands,
    states,
    told,
)

PROMOTED = """
    UPDATE incarnation SET identity =
        replace(database_identity(), 'timeline 00000001', 'timeline 00000000')
"""
ONE_LOST = """
    INSERT INTO witnesses (process, name, seen_at, identity, good, detail, bounded)
    VALUES (gen_random_uuid(), 'a:1', now(), database_identity(), false, 'bytes are missing', true)
"""


async def test_they_are_taken_back_and_rewrite_nothing(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    async with announced(fleet, one, two, ears=[ear]):
        async with reconciling(
            fleet, one, two, listeners=[ear], attributes=CHANGED, only_proposes=True
        ):
            await until(lambda: stands(fleet, "settings_differ"))
            one.put = blinding(one, ear, asyncio.Event())  # type: ignore[method-assign]
            await apply(fleet)
            await until(lambda: stands(fleet, "settings_waiting", "does not answer"))
            await until(lambda: has(one, CHANGED))
        ear.trouble = False
        one.put = type(one).put.__get__(one)  # type: ignore[method-assign]
        one.put(*two.paths.values())
        one.asked.clear()
        await fleet.do(PROMOTED)
        await fleet.do(ONE_LOST)
        async with reconciling(fleet, one, two, listeners=[ear], only_proposes=True):
            await until(lambda: stands(fleet, "in_doubt"))
            await looks(one, two, count=5)
            assert not told(one)
            assert not told(two)
            assert await states(fleet) == [(1, "in_force"), (2, "taken_back")]
