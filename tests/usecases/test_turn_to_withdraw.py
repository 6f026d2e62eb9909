"""A customer's withdrawal has its turn at the breaker as its route is read; and what it finds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from byoip.domain.routes.bgp_prefix import LockedByOperator
from byoip.usecases.routes import bgp_prefixes
from tests.store.samples import BY
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR

_LOCK = "SELECT pg_advisory_xact_lock(25209, 7301488)"
_WAITING = "pg_locks WHERE locktype = 'advisory' AND objid = 7301488 AND NOT granted"


@pytest.fixture
async def announced(routes: Routes) -> Routes:
    await routes.world.roas(valid(CIDR, longest=24))
    await routes.patch(advertised=True)
    return routes


@asynccontextmanager
async def another_under_way(routes: Routes) -> AsyncIterator[None]:
    async with routes.world.engine.begin() as connection:
        await connection.execute(text(_LOCK))
        yield


async def _waits(routes: Routes) -> None:
    """A withdrawal that is asked for now is carried out after the one that is under way."""
    async with another_under_way(routes):
        asked = asyncio.create_task(routes.patch(advertised=False))
        async with asyncio.timeout(10):
            while not asked.done() and not await routes.count(_WAITING):
                pass
        assert not asked.done()
        assert await routes.count("withdrawals") == 0
    assert (await asked).changed
    assert await routes.count("withdrawals") == 1


async def test_it_waits_for_one_that_is_under_way(announced: Routes) -> None:
    await _waits(announced)


async def test_so_does_one_that_a_restore_has_forgotten(routes: Routes) -> None:
    await routes.observe((await routes.view()).bgp_prefix.id, "far", sees=True)
    await _waits(routes)


async def test_who_withdraws_nothing_waits_for_nobody(announced: Routes) -> None:
    part = await announced.add()
    up = (await announced.view()).bgp_prefix
    lock = Verb(announced.store, bgp_prefixes.lock)
    await lock(announced.claim.id, up.id, locked=True, reason="a dispute", by=BY)
    async with another_under_way(announced), asyncio.timeout(10):
        assert not (await announced.patch(part, advertised=False)).changed
        with pytest.raises(LockedByOperator):
            await announced.patch(advertised=False)


async def test_what_a_speaker_has_without_a_record_is_recorded_before_it_is_shown(
    announced: Routes,
) -> None:
    up = (await announced.view()).bgp_prefix
    at = {"at": announced.world.clock.now()}
    await announced.execute(
        "INSERT INTO speakers (name, stage, alive, fault, held, asked_at) "
        "VALUES ('a', 0, true, '', 0, :at)",
        **at,
    )
    await announced.execute(
        "INSERT INTO orphan_routes (speaker, cidr, path, found_at, seen_at) "
        "VALUES ('a', :cidr, '{}', :at, :at)",
        cidr=up.cidr.network,
        **at,
    )
    shown = await announced.patch(advertised=False)
    assert await announced.count("applied_routes WHERE may_hold AND speaker = 'a'") == 1
    assert shown == await announced.view()


async def test_other_prepends_that_come_with_it_are_shown(announced: Routes) -> None:
    shown = await announced.patch(advertised=False, prepend=2)
    assert shown == await announced.view()
    assert (shown.bgp_prefix.desired.advertised, shown.bgp_prefix.desired.prepend) == (False, 2)
