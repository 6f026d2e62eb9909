"""Each periodic job has a kill switch of its own, and a stopped job does nothing."""

import asyncio
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from byoip.domain.jobs.job_history import MEASURED, JobKind
from byoip.domain.prefix import Prefix
from byoip.ports import jobs
from byoip.store.jobs.jobs import make_job_app
from byoip.usecases.jobs import kill_switches
from byoip.usecases.jobs.guarded_batch import GuardedBatch
from byoip.usecases.jobs.kill_switches import KillSwitches
from byoip.usecases.routes.announce_owed import AnnounceOwed
from byoip.worker.tasks import LetterWork, Work, register
from tests.announcing import Fleet, listener, looks, path, reconciling, speaker, until
from tests.rules.estate import OPERATOR, WORKER, Estate
from tests.rules.jobs import Acted, throw
from tests.usecases.verbs import Verb


async def test_r15_every_periodic_kind_has_a_switch_that_no_other_moves(estate: Estate) -> None:
    for kind in JobKind:
        await throw(estate, kind, stopped=True)
        reports = await estate.guards.jobs()
        assert [one.switch.kind for one in reports if one.switch.stopped] == [kind]
        await throw(estate, kind, stopped=False)
    assert len(await estate.operators()) == 2 * len(JobKind)


@pytest.mark.parametrize("kind", sorted(MEASURED))
async def test_r15_a_stopped_job_does_nothing(estate: Estate, kind: JobKind) -> None:
    await throw(estate, kind, stopped=True)
    acted, run = Acted(), GuardedBatch(estate.store, estate.clock, kind)
    assert await run([uuid4()], acted, by=WORKER) == 0
    assert acted.rows == []
    assert await estate.one("SELECT count(*) FROM job_runs") == 0  # it did not even begin
    await throw(estate, kind, stopped=False)
    assert await run([uuid4()], acted, by=WORKER) == 1


async def test_r15_a_switch_stops_a_run_before_its_next_row(estate: Estate) -> None:
    rows: list[UUID] = []

    async def act(row: UUID) -> int:
        rows.append(row)
        await throw(estate, JobKind.CLOSE_UNPROVEN, stopped=True)
        return 1

    run = GuardedBatch(estate.store, estate.clock, JobKind.CLOSE_UNPROVEN)
    await run([uuid4() for _ in range(5)], act, by=WORKER)
    assert len(rows) == 1
    assert await estate.one("SELECT acted FROM job_runs") == 1


def recording(estate: Estate, done: set[JobKind]) -> Work:
    """What a worker can do, each of it only noting that it was done."""

    def noting(kind: JobKind) -> Any:
        async def note(*_: object, **__: object) -> None:
            done.add(kind)

        return note

    async def look(*_: Any, **__: Any) -> None:
        """Takes nothing away, so no kill switch stops it."""

    return Work(
        run_validation=noting(JobKind.RESCUE_RUNS),
        look_first=cast("Any", look),
        rescue_runs=noting(JobKind.RESCUE_RUNS),
        close_unproven=noting(JobKind.CLOSE_UNPROVEN),
        end_expired_delegations=noting(JobKind.END_EXPIRED_DELEGATIONS),
        refresh_registrations=noting(JobKind.REFRESH_REGISTRATIONS),
        refresh_roas=noting(JobKind.REFRESH_ROAS),
        tidy_up=noting(JobKind.TIDY_UP),
        fold_figures=noting(JobKind.TIDY_UP),
        audit_head=cast("Any", look),
        watch_letters=noting(JobKind.WATCH_LETTERS),
        watch_origins=look,
        watch_prefixes=noting(JobKind.WATCH_PREFIXES),
        reevaluate_claims=noting(JobKind.REEVALUATE_CLAIMS),
        settle_bindings=noting(JobKind.SETTLE_BINDINGS),
        letters=LetterWork(noting(JobKind.RENEW_LETTERS), noting(JobKind.RENEW_LETTERS)),
        offboard=noting(JobKind.OFFBOARD),
        stopped=KillSwitches(estate.store).stopped,
    )


TASKS = {
    JobKind.RESCUE_RUNS: jobs.RESCUE_RUNS,
    JobKind.REFRESH_REGISTRATIONS: jobs.REFRESH_REGISTRATIONS,
    JobKind.REFRESH_ROAS: jobs.REFRESH_ROAS,
    JobKind.TIDY_UP: jobs.TIDY_UP,
    JobKind.WATCH_LETTERS: jobs.WATCH_LETTERS,
    JobKind.WATCH_PREFIXES: jobs.WATCH_PREFIXES,
    JobKind.RENEW_LETTERS: jobs.RENEW_LETTERS,
    JobKind.REEVALUATE_CLAIMS: jobs.REEVALUATE_CLAIMS,
    JobKind.SETTLE_BINDINGS: jobs.SETTLE_BINDINGS,
}


def test_r15_no_kind_of_job_is_without_a_test_of_its_switch() -> None:
    assert set(JobKind) == MEASURED | TASKS.keys() | {JobKind.ROLL_BACK}


@pytest.mark.parametrize("kind", sorted(TASKS))
async def test_r15_a_stopped_task_does_nothing(
    estate: Estate, kind: JobKind, database_url: str
) -> None:
    done: set[JobKind] = set()
    app = make_job_app(database_url)
    register(app, recording(estate, done))
    await throw(estate, kind, stopped=True)
    async with app.open_async():
        for name in TASKS.values():
            await app.configure_task(name).defer_async(timestamp=0)
        async with asyncio.timeout(60):
            await app.run_worker_async(wait=False, install_signal_handlers=False)
    assert done == TASKS.keys() - {kind}


async def test_r15_stopped_roll_backs_leave_what_is_not_seen_announced(fleet: Fleet) -> None:
    move = Verb(fleet.store, kill_switches.move)
    await move(JobKind.ROLL_BACK, stopped=True, reason="a ticket", by=OPERATOR)
    one = speaker("one")
    ear = listener(one)
    (lost,) = await fleet.add("31.0.1.0/24")
    ear.absent.add(lost)
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(lost)
        await until(lambda: absent(fleet, lost))
        await looks(one)
        assert (await fleet.desired(lost)).desired.advertised
        assert one.paths == {lost: path(lost)}
        assert await fleet.ask("SELECT FROM breaker_trips") == []
        await move(JobKind.ROLL_BACK, stopped=False, reason="a ticket", by=OPERATOR)
        await until(lambda: lost not in one.paths)
    assert not (await fleet.desired(lost)).desired.advertised


async def absent(fleet: Fleet, prefix: Prefix) -> bool:
    return fleet.ids[prefix][2].hex in await fleet.alarms("absent")


async def test_r15_a_stopped_offboarding_takes_no_step_and_goes_on_later(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await throw(estate, JobKind.OFFBOARD, stopped=True)
    await estate.go_on()
    assert (await estate.up(claim), await estate.step(claim)) == (1, "withdraw")
    await throw(estate, JobKind.OFFBOARD, stopped=False)
    await estate.go_on()
    assert await estate.step(claim) == "grace"


async def test_r15_the_switch_holds_no_customer_back_who_restores(estate: Estate) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.go_on()
    await throw(estate, JobKind.OFFBOARD, stopped=True)
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = NULL")
    await estate.restore(claim)
    await estate.run("UPDATE bgp_prefixes SET last_valid_at = now()")
    await AnnounceOwed(estate.store)()
    assert await estate.up(claim) == 1
