"""R11: a job's set is written down and measured first. R14: jobs alone, among many that are not
theirs. R15: a kill switch for each kind, in the database.
"""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.jobs.job_history import (
    FLOOR,
    JobKind,
    JobNotRefused,
    measure,
    objection,
    proportionate,
)
from byoip.usecases.jobs.guarded_batch import GuardedBatch
from byoip.usecases.jobs.isolate_rows import RowsFailed
from tests.rules.estate import OPERATOR, WORKER, Estate
from tests.rules.jobs import Acted, Run, allow, close_unproven, end_expired, offboard
from tests.store import samples


@pytest.mark.parametrize(
    ("past", "most"),
    [([], FLOOR), ([1, 3], FLOOR), ([7, 1], 35), ([0, 100, 2], 500)],
    ids=["the first run", "small ones", "a large one", "the largest counts"],
)
def test_r11_a_set_is_measured_by_the_largest_of_the_last_runs(past: list[int], most: int) -> None:
    assert proportionate(past) == most
    assert objection(most, past) == ""
    assert f"{most} at most" in objection(most + 1, past)


async def test_r11_a_set_out_of_proportion_is_refused_until_an_operator_lets_it_through(
    estate: Estate,
) -> None:
    acted, run = Acted(), GuardedBatch(estate.store, estate.clock, JobKind.CLOSE_UNPROVEN)
    flood = [uuid4() for _ in range(FLOOR + 1)]
    for _ in range(3):
        assert await run(flood, acted, by=WORKER) == 0
    assert acted.rows == []
    assert await estate.operators() == ["job.refused"]  # once, however often it is tried
    report = next(one for one in await estate.guards.jobs() if one.switch.kind is run.kind)
    assert report.waiting is not None
    assert (report.waiting.listed, report.waiting.sample) == (FLOOR + 1, tuple(flood[:20]))
    await allow(estate)(run.kind, reason="a ticket", name="Ada", by=OPERATOR)
    others = [uuid4() for _ in range(FLOOR + 1)]
    assert await run([*flood, *others], acted, by=WORKER) == 0  # not what was looked at
    assert await run(flood, acted, by=WORKER) == 0
    await allow(estate)(run.kind, reason="a ticket", name="Ada", by=OPERATOR)
    late = uuid4()
    assert await run([*flood, late], acted, by=WORKER) == FLOOR + 2
    assert acted.rows == [*flood, late]
    with pytest.raises(JobNotRefused):
        await allow(estate)(run.kind, reason="a ticket", name="Ada", by=OPERATOR)


async def test_r11_what_a_run_is_about_to_do_is_written_before_it_does_it(estate: Estate) -> None:
    seen = []

    async def look(_: UUID) -> int:
        seen.append(await estate.one("SELECT listed || ' ' || acted FROM job_runs"))
        return 1

    run = GuardedBatch(estate.store, estate.clock, JobKind.CLOSE_UNPROVEN)
    await run([uuid4(), uuid4()], look, by=WORKER)
    assert seen == ["2 0", "2 0"]
    assert await estate.one("SELECT listed || ' ' || acted FROM job_runs") == "2 2"


async def test_r11_the_whole_set_is_written_down(estate: Estate) -> None:
    run = GuardedBatch(estate.store, estate.clock, JobKind.CLOSE_UNPROVEN)
    small, flood = [uuid4() for _ in range(FLOOR)], [uuid4() for _ in range(500)]
    for rows in (small, flood):
        await run(rows, Acted(), by=WORKER)
    assert await estate.one("SELECT ids FROM job_runs WHERE refused = ''") == small
    assert await estate.one("SELECT ids FROM job_runs WHERE refused <> ''") == flood


async def test_r11_what_only_waits_is_not_measured_and_holds_no_other_up(estate: Estate) -> None:
    owner, other = await estate.account(), await estate.account()
    waiting = [await estate.advertised(owner) for _ in range(2 * FLOOR)]
    for one in waiting:  # one at a time, and each waits for a listener
        await estate.see(one, seen=True)
        await estate.offboard(one)
        await estate.go_on()
    runs = await estate.one("SELECT count(*) FROM job_runs")
    await estate.go_on()
    assert await estate.one("SELECT count(*) FROM job_runs") == runs
    for one in waiting:  # and then all go on at once
        await estate.see(one, seen=False)
    claim = await estate.advertised(other)
    await estate.offboard(claim)
    await estate.go_on()
    assert [await estate.step(one) for one in (claim, *waiting)] == ["grace"] * (2 * FLOOR + 1)
    assert await estate.operators() == []


async def test_r11_one_accounts_flood_is_refused_alone(estate: Estate) -> None:
    owner, other = await estate.account(), await estate.account()
    flood = [await estate.advertised(owner) for _ in range(FLOOR + 1)]
    claim = await estate.advertised(other)
    for one in (*flood, claim):
        await estate.offboard(one)
    await estate.go_on()
    assert (await estate.up(*flood), await estate.up(claim)) == (FLOOR + 1, 0)
    assert await estate.operators() == ["job.refused"]
    await allow(estate)(JobKind.OFFBOARD, reason="a ticket", name="Ada", by=OPERATOR)
    for one in flood:  # what was let through goes on, run after run, although it waits
        await estate.see(one, seen=True)
    for _ in range(2):
        await estate.go_on()
    assert await estate.up(*flood) == 0
    for one in flood:
        await estate.see(one, seen=False)
    await estate.go_on()
    assert {await estate.step(one) for one in flood} == {"grace"}


async def test_r11_closing_is_measured_anew(estate: Estate) -> None:
    claims = []
    for _ in range(FLOOR + 1):
        claim = await estate.advertised(await estate.account())
        await estate.offboard(claim)
        await estate.go_on()
        claims.append(claim)
    estate.clock.advance(timedelta(days=8))
    await estate.go_on()
    assert {await estate.state(one) for one in claims} == {("approved", "offboarding")}
    await allow(estate)(JobKind.OFFBOARD, reason="a ticket", name="Ada", by=OPERATOR)
    await estate.go_on()
    assert {await estate.state(one) for one in claims} == {("closed", "offboarding")}


@pytest.mark.parametrize(
    ("many", "refused", "flood"),
    [
        ([FLOOR], 0, False),
        ([FLOOR, 1], 0, False),
        ([FLOOR + 1, 1], FLOOR + 1, False),
        ([FLOOR, FLOOR, 1], 2 * FLOOR + 1, True),
        ([1] * FLOOR, 0, False),
        ([1] * (FLOOR + 1), FLOOR + 1, True),
    ],
    ids=["one", "one cannot hold up another", "a flood", "two can", "many", "a flood of many"],
)
def test_r11_no_account_holds_up_all_others(many: list[int], refused: int, flood: bool) -> None:
    accounts = [uuid4() for _ in many]
    new = {uuid4(): one for one, count in zip(accounts, many, strict=True) for _ in range(count)}
    found = measure(new, [])
    assert (len(found.refused), found.flood) == (refused, flood)


async def test_one_row_that_fails_holds_up_none_behind_it(estate: Estate) -> None:
    bad, good = [await estate.advertised(await estate.account()) for _ in range(2)]
    for one in (bad, good):
        await estate.offboard(one)
    await poison(estate, bad)
    with pytest.raises(RowsFailed, match=bad.id.hex):
        await estate.go_on()
    assert await estate.up(good) == 0
    counts = await estate.one("SELECT listed || ' ' || acted || ' ' || failed FROM job_runs")
    assert counts == "2 1 1"


async def test_one_owed_route_that_fails_holds_up_none_behind_it(estate: Estate) -> None:
    bad, good = [await estate.advertised(await estate.account()) for _ in range(2)]
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = NULL")
    for one in (bad, good):
        await estate.offboard(one)
        await estate.go_on()
        await estate.restore(one)
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = now()")
    await poison(estate, bad)
    with pytest.raises(RowsFailed, match=bad.id.hex):
        await estate.owed()
    assert (await estate.up(bad), await estate.up(good)) == (0, 1)


async def poison(estate: Estate, claim: Claim) -> None:
    """Whatever is done with its routes, the database refuses."""
    await estate.run(
        "CREATE OR REPLACE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'no' USING ERRCODE = 'restrict_violation'; END $$"
    )
    await estate.run(
        "CREATE OR REPLACE TRIGGER poisoned BEFORE UPDATE ON bgp_prefixes FOR EACH ROW "
        f"WHEN (old.prefix_id = '{claim.id}') EXECUTE FUNCTION poisoned()"
    )


@pytest.mark.parametrize("job", [offboard, close_unproven, end_expired])
async def test_r14_jobs_alone_touch_nothing_that_is_not_theirs(estate: Estate, job: Run) -> None:
    account_id = await estate.account()
    claims = [await estate.advertised(account_id, 1) for _ in range(30)]
    for days in (400, 1):
        estate.clock.advance(timedelta(days=days))
        assert await job(estate) == 0
    assert await estate.up(*claims) == 60
    assert await estate.one("SELECT count(*) FROM prefixes WHERE state = 'approved'") == 30
    assert await estate.one("SELECT count(*) FROM bindings WHERE live") == 30
    assert await estate.one("SELECT count(*) FROM events") == 0
    assert await estate.one("SELECT count(*) FROM job_runs") == 0


async def test_an_unproven_claim_is_closed_and_counted(estate: Estate) -> None:
    claim = samples.claim(await estate.account(), "61.0.0.0/22")
    async with estate.store.transaction() as tx:
        await tx.claims.add(claim)
    estate.clock.advance(timedelta(days=31))
    assert await close_unproven(estate) == 0  # it is told a day before
    estate.clock.advance(timedelta(days=1))
    assert await close_unproven(estate) == 1
    assert await estate.one("SELECT kind || ' ' || acted FROM job_runs") == "close_unproven 1"
