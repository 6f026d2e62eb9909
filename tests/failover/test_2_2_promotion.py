"""Failover 2.1 and 2.2: a standby is promoted, with all that was written and with less."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from byoip.cli.stopping import ended
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.succession import WRITES_KEPT
from byoip.store.engine import PoolSize, make_engine
from byoip.store.migrating import migrate
from byoip.store.speakers.witnesses import Witness
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.jobs.kill_switches import KillSwitches
from tests.announcing import OWNER, Fleet, looks, reconciling, speaker, until
from tests.failover.pair import Pair, pair_of
from tests.fakes.speaker import FakeSpeaker

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

MARKS = "SELECT count(*) FROM applied_routes WHERE may_hold OR advertised"
KINDS = "SELECT kind FROM operator_events ORDER BY number"
FEED = "SELECT feed FROM edge_change_counter"
DOUBT = "SELECT detail FROM route_alarms WHERE kind = 'in_doubt'"
UNRELEASED = "SELECT b.cidr FROM unreleased_routes u JOIN bgp_prefixes b ON b.id = u.bgp_prefix_id"
UNRELEASED_NOW = """
    SELECT count(*) FROM unreleased_routes u
    JOIN bgp_prefixes b ON b.id = u.bgp_prefix_id AND b.change = u.change AND b.advertised
"""
LEAVING = """
    INSERT INTO offboardings (id, prefix_id, actor, request_id, began_at, step, contested, routes,
        bindings, next_at, paced)
    VALUES (gen_random_uuid(), :claim, 'a', 'r', now(), 'withdraw', false, '[]', '[]',
        now() + interval '1 day', false)
"""
ALARM = "SELECT detail FROM route_alarms WHERE kind = 'restored'"
BEATS = "SELECT 1 FROM leases WHERE name = 'reconciler' AND beat > 0"


@dataclass
class World:
    """A fleet on a pair of servers: two routes are up, and settled."""

    fleet: Fleet
    speaker: FakeSpeaker
    pair: Pair
    stays: Prefix
    goes: Prefix

    async def holds(self, *prefixes: Prefix) -> bool:
        return {one.prefix for one in await self.speaker.held()} == set(prefixes)

    def promoted(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.pair.standby.url()) as connection:
            return connection.execute(statement).fetchall()

    async def orphaned(self, prefix: Prefix) -> bool:
        return prefix in await self.fleet.orphans("one")

    async def fail_over(self) -> None:
        await asyncio.to_thread(self.pair.primary.kill)
        await asyncio.to_thread(self.pair.standby.promote)

    async def withdraw(self) -> None:
        """As the owner, who tries again while the database is away."""

        async def accepted() -> bool:
            try:
                await self.fleet.withdraw(self.goes)
            except StoreUnavailable:
                return False
            return True

        await until(accepted)

    async def judged(self) -> list[str]:
        await until(lambda: bool(self.promoted(KINDS)))
        return [kind for (kind,) in self.promoted(KINDS)]


@asynccontextmanager
async def world(*, witnesses: int = 1) -> AsyncIterator[World]:
    with pair_of() as pair:
        url = pair.url("postgres")
        migrate(url, "sandbox")
        engine = make_engine(url, pool=PoolSize(kept=5, autocommit=5))
        fleet, one = Fleet(engine), speaker("one")
        stays, goes = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
        known = [Witness(url, fleet.store.acknowledged) for _ in range(witnesses)]
        tasks = [asyncio.create_task(each.run()) for each in known]
        made = World(fleet, one, pair, stays, goes)
        async with reconciling(fleet, one):
            await until(lambda: made.holds(stays, goes))
            await until(fleet.settled)
            alive = "SELECT count(*) FROM witnesses"
            await until(lambda: _is(fleet, alive, witnesses))
            await asyncio.to_thread(pair.caught_up)
            yield made
        await asyncio.gather(*(ended(one, patience=2) for one in tasks), return_exceptions=True)
        await engine.dispose()


async def _is(fleet: Fleet, statement: str, value: object) -> bool:
    return await fleet.ask(statement) == [(value,)]


async def test_without_loss_nothing_is_forgotten_and_a_withdrawal_is_carried_out() -> None:
    async with world(witnesses=2) as here:
        (feed,) = await here.fleet.ask(FEED)
        await here.fail_over()
        await here.withdraw()
        assert await here.judged() == ["database.failed_over"]
        await until(lambda: here.holds(here.stays))
        assert await here.fleet.ask(FEED) == [feed]
        assert await here.fleet.alarms("restored") == set()
        assert await here.fleet.orphans("one") == set()
        assert not await KillSwitches(here.fleet.store).stopped(JobKind.OFFBOARD)


async def test_a_lost_withdrawal_puts_just_that_route_in_doubt() -> None:
    async with world() as here:
        ((feed,),) = await here.fleet.ask(FEED)
        await asyncio.to_thread(here.pair.cut_standby_off)
        await here.fleet.withdraw(here.goes)
        await until(lambda: here.holds(here.stays))
        await here.fail_over()
        assert await here.judged() == ["routes.doubted"]
        ((detail,),) = here.promoted(DOUBT)
        assert f"1 routes are in doubt: {here.goes};" in detail
        assert "1 routes are older than known" in detail
        assert OWNER.request_id in detail
        await looks(here.speaker, count=5)
        assert await here.holds(here.stays), "it is not announced again"
        assert here.promoted(UNRELEASED) == [(here.goes.network,)]
        assert here.promoted(MARKS) == [(1,)], "of the other route nothing is forgotten"
        assert await here.fleet.ask(FEED) != [(feed,)]
        assert not await KillSwitches(here.fleet.store).stopped(JobKind.OFFBOARD)
        await here.withdraw()  # its owner sends the request again
        await until(lambda: here.promoted(UNRELEASED_NOW) == [(0,)])
        assert await here.holds(here.stays)


async def test_a_lost_announcement_stays_up_until_its_owner_speaks() -> None:
    async with world() as here:
        await here.fleet.withdraw(here.goes)
        await until(lambda: here.holds(here.stays))
        await until(here.fleet.settled)
        await asyncio.to_thread(here.pair.caught_up)
        await asyncio.to_thread(here.pair.cut_standby_off)
        await here.fleet.announce(here.goes)
        await until(lambda: here.holds(here.stays, here.goes))
        await here.fail_over()
        assert await here.judged() == ["routes.doubted"]
        await looks(here.speaker, count=5)
        assert await here.holds(here.stays, here.goes), "it is not withdrawn"
        await until(lambda: here.orphaned(here.goes))


async def test_what_leaves_and_is_in_doubt_stops_offboarding() -> None:
    async with world() as here:
        claim, _, _ = here.fleet.ids[here.goes]
        await here.fleet.do(LEAVING, claim=claim)
        await asyncio.to_thread(here.pair.caught_up)
        await asyncio.to_thread(here.pair.cut_standby_off)
        await here.fleet.withdraw(here.goes)
        await here.fail_over()
        assert await here.judged() == ["routes.doubted", "job.stopped"]
        assert await KillSwitches(here.fleet.store).stopped(JobKind.OFFBOARD)


async def test_a_lost_write_that_is_about_no_route_puts_its_prefix_in_doubt() -> None:
    async with world() as here:
        await asyncio.to_thread(here.pair.cut_standby_off)
        claim, _, _ = here.fleet.ids[here.stays]
        async with here.fleet.store.transaction(actor=OWNER) as tx:
            tx.record(claim, "prefix.described", after={"description": CustomerText("x").value})
        await here.fail_over()
        assert await here.judged() == ["routes.doubted"]
        ((detail,),) = here.promoted(DOUBT)
        assert f"1 routes are in doubt: {here.stays};" in detail
        assert f"acknowledged requests are lost: {OWNER.request_id}" in detail
        await looks(here.speaker, count=5)
        assert await here.holds(here.stays, here.goes), "what is up is taken for ours"


async def test_more_loss_than_is_remembered_makes_it_a_restore() -> None:
    async with world() as here:
        await asyncio.to_thread(here.pair.cut_standby_off)
        claim, _, _ = here.fleet.ids[here.stays]
        for number in range(WRITES_KEPT + 1):
            async with here.fleet.store.transaction(actor=OWNER) as tx:
                tx.act_as(Actor(OWNER.name, f"request-{number}"))
                tx.record(claim, "prefix.described", after={"description": str(number)})
        await here.fail_over()
        assert "routes.disowned" in await here.judged()
        assert "are lost: request-1, " in here.promoted(ALARM)[0][0]


async def test_without_a_witness_it_is_a_restore() -> None:
    async with world(witnesses=0) as here:
        await here.fail_over()
        assert "routes.disowned" in await here.judged()


async def test_a_server_started_again_on_its_own_timeline_is_the_same() -> None:
    async with world() as here:
        here.pair.primary.kill()
        await asyncio.to_thread(here.pair.primary.start)
        await here.withdraw()
        await until(lambda: here.holds(here.stays))
        assert await here.fleet.ask(KINDS) == []
