"""The operator's page: a person decides about what they saw, not about what waits since then."""

from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.checks.registry import Allocation
from byoip.domain.jobs.job_history import JobKind, JobRun
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import StatisticsFile
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.watch.tables import level_rises
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.browser import Reading, signed_in
from tests.web.test_4_noc import NOC, acting


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


async def held(world: World, engine: AsyncEngine, cidr: str) -> None:
    """A rise of level that the breaker of levels holds."""
    made = await world.prefix(cidr)
    values = {"id": uuid4(), "prefix_id": made["id"], "registry": "ripencc", "signal": "holder"}
    values |= {"level": "warn", "state": "held", "at": world.clock.now(), "settled_at": None}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(level_rises).values(values))


async def test_levels_that_nobody_saw_are_not_released(world: World, engine: AsyncEngine) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    await held(world, engine, "31.0.0.0/23")
    old = await acting(browser, NOC, "release-levels")
    await held(world, engine, "31.2.0.0/23")
    assert (await browser.send(old, confirm=old.typed, reason="One is fine.")).status_code == 412
    new = await acting(browser, NOC, "release-levels")
    assert (await browser.send(new, reason="Both.")).status_code == 422  # not typed
    new = await acting(browser, NOC, "release-levels")
    answer = await browser.send(new, confirm="ripencc", reason="Both.")
    assert answer.headers["location"] == f"{NOC}?done=done"


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
    new = await acting(browser, NOC, "accept-statistics")
    assert (await browser.send(new, reason="So it is.")).headers["location"] == f"{NOC}?done=done"
