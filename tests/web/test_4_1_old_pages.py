"""The operator's page: a person decides about what they saw, not about what waits since then."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.checks.registry import Allocation
from byoip.domain.jobs.job_history import JobKind, JobRun, JobSwitch
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import StatisticsFile
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.speakers.orphans import lock_undecided
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.watch.tables import level_rises
from byoip.usecases.speakers import bgp_peers
from tests.announcing import path
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.web.browser import Reading, signed_in
from tests.web.test_4_noc import NOC, acting, raised

AMS = f"{NOC}/network/speakers/ams1"
LACKS = "it lacks {} routes that no party withdrew: 31.0.0.0/24; its peers drop all"


async def refused(world: World, many: int) -> None:
    """A job is refused a set of so many rows, in place of the one before."""
    ids = tuple(uuid4() for _ in range(many))
    why = "more than a job may take"
    run = JobRun(
        uuid4(), JobKind.CLOSE_UNPROVEN, world.clock.now(), "job-1", many, ids[:5], ids, refused=why
    )
    async with world.store.transaction() as tx:
        await tx.guards.refuse(run)


async def test_a_set_of_a_job_that_nobody_saw_is_not_let_through(
    world: World, operator: Operator
) -> None:
    await refused(world, 3)
    browser = await signed_in(world, Role.OPERATOR)
    old = await acting(browser, NOC, "allow-job")
    world.clock.advance(timedelta(minutes=5))
    await refused(world, 3000)
    answer = await browser.send(old, confirm=old.typed, reason="Three are fine.")
    assert answer.status_code == 412
    assert "Nothing was done." in Reading(answer.text).text
    assert "3000 rows" in Reading(answer.text).text
    [job] = [one for one in await operator.result("GET", "/jobs") if one["waiting"]]
    assert job["waiting"]["allowed_at"] is None
    new = await acting(browser, NOC, "allow-job")
    answer = await browser.send(new, confirm=new.typed, reason="So are these.")
    assert answer.headers["location"] == f"{NOC}?done=done"


async def held(world: World, engine: AsyncEngine, cidr: str, since: datetime | None = None) -> None:
    """A rise of level that the breaker of levels holds."""
    made = await world.prefix(cidr)
    values = {"id": uuid4(), "prefix_id": made["id"], "registry": "ripencc", "signal": "holder"}
    values |= {"level": "warn", "state": "held", "settled_at": None}
    values |= {"at": since or world.clock.now()}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(level_rises).values(values))


async def states(engine: AsyncEngine) -> list[str]:
    """What has become of all rises."""
    async with engine.connect() as connection:
        found = await connection.execute(sa.text("SELECT state FROM level_rises ORDER BY state"))
        return [one for (one,) in found]


async def test_levels_that_nobody_saw_are_not_released(world: World, engine: AsyncEngine) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    await held(world, engine, "31.0.0.0/23")
    old = await acting(browser, NOC, "release-levels")
    world.clock.advance(timedelta(seconds=1))
    await held(world, engine, "31.2.0.0/23")
    answer = await browser.send(old, confirm=old.typed, reason="One is fine.")
    assert answer.headers["location"] == f"{NOC}?done=done"
    assert await states(engine) == ["held", "released"]  # the other waits on
    new = await acting(browser, NOC, "release-levels")
    assert (await browser.send(new, reason="This one.")).status_code == 422  # not typed
    new = await acting(browser, NOC, "release-levels")
    answer = await browser.send(new, confirm="ripencc", reason="This one.")
    assert answer.headers["location"] == f"{NOC}?done=done"
    assert await states(engine) == ["released", "released"]


async def test_levels_that_are_held_before_those_that_were_seen_are_not_released_for_them(
    world: World, engine: AsyncEngine
) -> None:
    """Written late, by a worker that was slow: then the first are others than were seen."""
    world.clock.advance(timedelta(hours=1))
    await held(world, engine, "31.0.0.0/23")
    browser = await signed_in(world, Role.OPERATOR)
    old = await acting(browser, NOC, "release-levels")
    await held(world, engine, "31.2.0.0/23", world.clock.now() - timedelta(seconds=1))
    answer = await browser.send(old, confirm=old.typed, reason="One is fine.")
    assert answer.status_code == 412
    assert await states(engine) == ["held", "held"]


async def test_a_file_of_statistics_that_nobody_saw_is_not_accepted(
    world: World, engine: AsyncEngine
) -> None:
    ranges = [
        Allocation(Prefix.parse(f"47.{n}.0.0/16"), "ripencc", "allocated", "a") for n in (1, 2)
    ]
    kept = RegistrationSnapshots(engine)
    async with kept.exclusive() as tx:
        await tx.replace(StatisticsFile("ripencc", "1", "0" * 64, world.clock.now(), ranges))
        await tx.record_failure("ripencc", "too few", at=world.clock.now(), refused=100)
    browser = await signed_in(world, Role.OPERATOR)
    old = await acting(browser, NOC, "accept-statistics")
    async with kept.exclusive() as tx:
        await tx.record_failure("ripencc", "too few", at=world.clock.now(), refused=1)
    assert (await browser.send(old, reason="A hundred are fine.")).status_code == 412
    old = await acting(browser, NOC, "accept-statistics")
    async with kept.exclusive() as tx:  # as many, of which two more are in use by now
        await tx.replace(StatisticsFile("ripencc", "2", "1" * 64, world.clock.now(), ranges))
        await tx.record_failure("ripencc", "too few", at=world.clock.now(), refused=1)
    assert (await browser.send(old, reason="Of one it was.")).status_code == 412
    new = await acting(browser, NOC, "accept-statistics")
    assert (await browser.send(new, reason="So it is.")).headers["location"] == f"{NOC}?done=done"


async def test_as_many_other_levels_are_not_released(world: World, engine: AsyncEngine) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    await held(world, engine, "31.0.0.0/23")
    old = await acting(browser, NOC, "release-levels")
    drop = await acting(browser, NOC, "drop-levels")
    await browser.send(drop, reason="The copy is at fault.")
    await held(world, engine, "31.2.0.0/23")
    answer = await browser.send(old, confirm=old.typed, reason="31.0.0.0/23 was sold.")
    assert answer.status_code == 412
    assert await states(engine) == ["dropped", "held"]


async def test_a_job_that_was_stopped_again_for_another_reason_is_not_started(
    world: World, operator: Operator
) -> None:
    await operator.act("/jobs/close_unproven/stop", reason="It tests.")
    browser = await signed_in(world, Role.OPERATOR)
    old = await acting(browser, NOC, "start-job")
    await operator.act("/jobs/close_unproven/start")
    await operator.act("/jobs/close_unproven/stop", reason="It closes prefixes that are paid for.")
    answer = await browser.send(old, reason="The test is over.")
    assert answer.status_code == 412
    assert "paid for" in Reading(answer.text).text
    jobs = await operator.result("GET", "/jobs")
    assert next(one for one in jobs if one["kind"] == "close_unproven")["stopped"]


async def test_as_many_other_orphans_are_not_withdrawn(world: World, engine: AsyncEngine) -> None:
    routes, now = Routes(engine), world.clock.now()
    seen, unseen = Prefix.parse("31.0.0.0/24"), Prefix.parse("31.77.0.0/24")
    browser = await signed_in(world, Role.OPERATOR)
    for held_now, at in (({unseen: path(unseen)}, now), ({seen: path(seen, prepend=3)}, now),
                         ({seen: path(seen)}, now + timedelta(minutes=5))):  # fmt: skip
        await routes.note_orphans("ams1", {seen: path(seen)}, now)
        old = await acting(browser, NOC, "withdraw-orphans")
        async with engine.begin() as connection:
            await connection.execute(sa.text("DELETE FROM orphan_routes"))
        await routes.note_orphans("ams1", held_now, at)
        answer = await browser.send(old, reason=WHY, confirm="ams1")
        assert answer.status_code == 412
        assert not await routes.decided_orphans("ams1")
        async with engine.begin() as connection:
            await connection.execute(sa.text("DELETE FROM orphan_routes"))


async def shut(world: World, engine: AsyncEngine, lacks: int) -> None:
    await Routes(engine).note_speaker(
        SpeakerState("ams1", 1, "", 0, world.clock.now(), loaded=True)
    )
    await raised(world, engine, Alarm("sessions_shut", "ams1", LACKS.format(lacks)))


async def ordered(engine: AsyncEngine) -> bool:
    return bool((found := await Routes(engine).records.get("ams1")) and found[0].ordered_by)


@pytest.mark.parametrize("page", [NOC, AMS])
async def test_a_speaker_that_lacks_more_by_now_or_is_shut_no_more_is_not_opened(
    world: World, engine: AsyncEngine, page: str
) -> None:
    await shut(world, engine, 1)
    browser = await signed_in(world, Role.OPERATOR)
    one, two = await acting(browser, page, "open"), await acting(browser, page, "open")
    await shut(world, engine, 500)
    answer = await browser.send(one, reason="One is fine.", confirm="ams1")
    assert answer.status_code == 412
    assert "it lacks 500 routes" in Reading(answer.text).text
    new = await acting(browser, page, "open")
    await Routes(engine).replace_alarms("sessions_shut", [], world.clock.now())
    for old in (two, new):
        assert (await browser.send(old, reason=WHY, confirm="ams1")).status_code == 412
    assert not await ordered(engine)


@pytest.mark.parametrize("page", [NOC, AMS])
async def test_what_a_speaker_lacks_is_compared_in_the_transaction_that_orders(
    world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    await shut(world, engine, 1)
    browser = await signed_in(world, Role.OPERATOR)
    old, verb = await acting(browser, page, "open"), bgp_peers.open_speaker

    async def later(*given: Any, **more: Any) -> Any:
        await shut(world, engine, 500)  # while it waited for its turn
        return await verb(*given, **more)

    monkeypatch.setattr(bgp_peers, "open_speaker", later)
    assert (await browser.send(old, reason=WHY, confirm="ams1")).status_code == 412
    assert not await ordered(engine)


async def test_what_an_alarm_says_stands_until_who_judges_it_is_done(
    world: World, engine: AsyncEngine
) -> None:
    await shut(world, engine, 1)
    async with world.store.transaction() as tx:
        assert (await tx.routes.lacking("ams1")).said == LACKS.format(1).partition(";")[0]
        other = await waits(shut(world, engine, 500))
    await other


async def test_orphans_and_jobs_stay_as_they_are_until_who_judges_them_is_done(
    world: World, engine: AsyncEngine
) -> None:
    routes, now, cidr = Routes(engine), world.clock.now(), Prefix.parse("31.0.0.0/24")
    await routes.note_orphans("ams1", {cidr: path(cidr)}, now)
    async with world.store.transaction() as tx:
        assert (await lock_undecided(tx.session, "ams1"))[0] == 1
        other = await waits(routes.note_orphans("ams1", {cidr: path(cidr, prepend=3)}, now))
    await other
    kind = JobKind.CLOSE_UNPROVEN
    async with world.store.transaction() as tx:
        await tx.guards.switch(JobSwitch(kind, True, now, "operator", "It tests."))  # noqa: FBT003

    async def again() -> None:
        async with world.store.transaction() as tx:
            await tx.guards.switch(JobSwitch(kind, True, now, "operator", "Paid for."))  # noqa: FBT003

    async with world.store.transaction() as tx:
        assert (await tx.guards.switched(kind)).because == "It tests."
        other = await waits(again())
    await other


async def waits(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """It waits for a lock of ours."""
    other = asyncio.create_task(work)
    await asyncio.wait([other], timeout=0.5)
    assert not other.done()
    return other
