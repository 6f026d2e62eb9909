"""A registration data server that says nothing holds up no news of holders."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.claims.claim import Claim
from byoip.domain.watch.levels import Signal
from byoip.store.watch.files_in_use import files_in_use
from byoip.usecases.checks.responsible import Registries
from byoip.usecases.jobs.isolate_rows import IsolatedRows
from byoip.usecases.watch.hear_statistics import HearStatistics
from tests.fakes.rdap_servers import Serve, serving
from tests.fakes.registry_budget import EnoughBudget
from tests.usecases.routes import Routes
from tests.usecases.world import WORKER
from tests.watching import DAY, Days

MANY = 12
WAITS = 0.5


async def silence(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def sold_many(days: Days, routes: Routes, serve: Serve, seconds: float) -> list[Claim]:
    """Of one account, by two files; and a run that has so long."""
    world = days.world
    claims = await days.beside(routes.claim, MANY)
    days.rows["ripencc"] = [
        (cidr, status, "buyer" if cidr.startswith("31.") else holder)
        for cidr, status, holder in days.rows["ripencc"]
    ]
    world.clock.advance(DAY)
    await days.files()
    await days.run()
    world.clock.advance(DAY)
    await days.files()
    async with serving(serve) as server:
        world.responsible = replace(world.responsible, rdap_url=server.url)
        data = RdapClient(
            *(world.clock, RdapServers(world.registries), EnoughBudget()),
            deadline=WAITS,
            back_off=BackOff(DAY, timedelta(minutes=10)),
        )
        known = Registries(world.registries, world.overrides)
        rows, until = IsolatedRows("watch_prefixes"), asyncio.get_running_loop().time() + seconds
        await HearStatistics(world.store, known, data)(rows, until, by=WORKER)
    return claims


async def test_who_has_many_that_were_sold_keeps_none_of_others_from_being_heard(
    days: Days, routes: Routes
) -> None:
    """A thousand took it eight hours, before anything was heard of the others."""
    claims = await sold_many(days, routes, silence, MANY * WAITS / 2)
    async with days.world.store.transaction() as tx:
        newest = max(one.number for one in (await files_in_use(tx.session)).values())
        heard = [(await tx.watches.of(one.id))[Signal.HOLDER].heard for one in claims]
    assert heard == [newest] * MANY
    frozen = [await days.frozen_for(one) for one in claims]
    assert frozen.count({Signal.HOLDER}) == 5, "what is beyond a day's is held"


async def test_one_that_is_silent_now_and_then_is_asked_about_each(
    days: Days, routes: Routes
) -> None:
    asked = 0

    async def now_and_then(writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        if asked % 2:
            await silence(writer)
        writer.close()

    await sold_many(days, routes, now_and_then, MANY * WAITS * 2)
    assert asked >= MANY
