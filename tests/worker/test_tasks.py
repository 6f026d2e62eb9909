"""The queue carries the names to the use cases, on a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from procrastinate import App
from procrastinate.exceptions import AlreadyEnqueued

from byoip.domain.history import Actor
from byoip.ports import jobs
from byoip.store.accounts.event_chain import EventChain
from byoip.store.jobs.jobs import make_job_app
from byoip.usecases.bindings.converge import ConvergeBindings
from byoip.usecases.checks.first_looks.look_first import LookFirst
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims
from byoip.usecases.checks.rescue_runs import rescue_runs
from byoip.usecases.checks.run_validation import RunValidation
from byoip.usecases.checks.turns import Turns
from byoip.usecases.claims import delegations
from byoip.usecases.claims.close_unproven import CloseUnproven
from byoip.usecases.claims.delegations import EndExpiredDelegations
from byoip.usecases.jobs.kill_switches import KillSwitches
from byoip.usecases.letters.watch_letters import WatchLetters
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from byoip.worker.tasks import Work, register
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import World
from tests.watching import watch_of


class Counted:
    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self) -> None:
        self.calls += 1


def offboard_of(world: World) -> Callable[[Actor], Awaitable[object]]:
    going_on = ContinueOffboardings(world.store, world.clock, timedelta(days=7))

    async def offboard(by: Actor) -> None:
        await going_on(by=by)

    return offboard


async def rescue(world: World) -> None:
    async with world.store.transaction() as tx:
        await rescue_runs(tx)


def work_of(world: World, *, roas: Counted | None = None) -> tuple[Work, Counted, Counted]:
    registrations, tidied = Counted(), Counted()
    work = Work(
        run_validation=RunValidation(world.store, world.ask),
        look_first=LookFirst(world.store, world.ask, Turns()),
        rescue_runs=partial(rescue, world),
        close_unproven=CloseUnproven(world.store, world.clock),
        refresh_registrations=registrations,
        refresh_roas=roas,
        tidy_up=tidied,
        fold_figures=tidied,
        audit_head=EventChain(world.engine).head,
        end_expired_delegations=EndExpiredDelegations(world.store, world.clock),
        watch_letters=WatchLetters(world.store, world.clock),
        watch_origins=tidied,
        watch_prefixes=watch_of(world),
        reevaluate_claims=ReevaluateClaims(world.store, world.clock),
        settle_bindings=ConvergeBindings(world.store),
        letters=None,
        offboard=offboard_of(world),
        stopped=KillSwitches(world.store).stopped,
    )
    return work, registrations, tidied


# Of the default queue as long as there are jobs with queues of their own.
BEFORE = {
    jobs.CLOSE_UNPROVEN,
    jobs.END_EXPIRED_DELEGATIONS,
    jobs.FOLD_FIGURES,
    jobs.OFFBOARD,
    jobs.REEVALUATE_CLAIMS,
    jobs.REFRESH_REGISTRATIONS,
    jobs.RESCUE_RUNS,
    jobs.RUN_VALIDATION,
    jobs.SETTLE_BINDINGS,
    jobs.TIDY_UP,
    jobs.WATCH_LETTERS,
}


async def all_done(app: App, queues: list[str]) -> None:
    async with asyncio.timeout(60):
        await app.run_worker_async(queues=queues, wait=False, install_signal_handlers=False)


async def test_what_a_customer_asks_for_is_carried_out(world: World, database_url: str) -> None:
    claim = await world.claim()
    await world.prove(claim)
    await world.request(claim)
    app = make_job_app(database_url)
    register(app, work_of(world)[0])
    async with app.open_async():
        await all_done(app, [jobs.DEFAULT_QUEUE])
    assert (await world.now(claim)).approved
    approval = next(one for one in await world.events(claim) if one.kind == "prefix.approved")
    assert approval.actor == "worker"
    assert approval.request_id.startswith("job-")


def test_a_worker_of_the_version_before_is_given_no_job_that_it_does_not_know(
    world: World, database_url: str
) -> None:
    app = make_job_app(database_url)
    register(app, work_of(world)[0])
    queues = {name: task.queue for name, task in app.tasks.items() if "." not in name}
    later = {name for name, queue in queues.items() if queue == jobs.DEFAULT_QUEUE} - BEFORE
    assert not later, "a new job has a queue of its own name: see ports/jobs.py"
    assert set(queues.values()) - {jobs.RPKI_QUEUE, jobs.LETTER_QUEUE} == {*jobs.QUEUES}


async def test_claims_are_re_evaluated_although_watching_origins_fails(
    world: World, database_url: str
) -> None:
    async def fail() -> None:
        raise ValueError("as nobody foresaw")

    await world.roas({"prefix": "31.0.0.0/24", "asn": 64500, "maxLength": 24, "ta": "ripe"})
    app = make_job_app(database_url)
    register(app, replace(work_of(world)[0], watch_origins=fail))
    async with app.open_async():
        await app.configure_task(jobs.REEVALUATE_CLAIMS).defer_async(timestamp=0)
        await all_done(app, [jobs.DEFAULT_QUEUE])
    async with world.store.transaction() as tx:
        judged = await tx.connection.exec_driver_sql("SELECT snapshot FROM origin_watch")
        assert judged.scalar() is not None


async def test_every_periodic_task_reaches_its_use_case(world: World, database_url: str) -> None:
    claim = await world.claim()
    roas = Counted()
    work, registrations, tidied = work_of(world, roas=roas)
    app = make_job_app(database_url)
    register(app, work)
    async with app.open_async():
        for name in (jobs.RESCUE_RUNS, jobs.REFRESH_REGISTRATIONS, jobs.TIDY_UP):
            await app.configure_task(name).defer_async(timestamp=0)
        await app.configure_task(jobs.CLOSE_UNPROVEN).defer_async(timestamp=0)
        await app.configure_task(jobs.END_EXPIRED_DELEGATIONS).defer_async(timestamp=0)
        await app.configure_task(jobs.REFRESH_ROAS, queue=jobs.RPKI_QUEUE).defer_async(timestamp=0)
        await all_done(app, [jobs.DEFAULT_QUEUE])
        assert (registrations.calls, tidied.calls, roas.calls) == (1, 1, 0)
        await all_done(app, [jobs.RPKI_QUEUE])
    assert roas.calls == 1
    assert await world.state(claim) == "pending"


async def test_4_3_the_head_of_the_operators_history_is_logged(
    world: World, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    work, _, _ = work_of(world)
    app = make_job_app(database_url)
    register(app, work)
    caplog.set_level("INFO")
    async with app.open_async():
        await app.configure_task(jobs.LOG_AUDIT_HEAD).defer_async(timestamp=0)
        await all_done(app, [jobs.LOG_AUDIT_HEAD])
    assert f"head of the operators' history: {await work.audit_head()}" in caplog.messages


async def test_only_workers_that_refresh_roas_know_the_task(
    world: World, database_url: str
) -> None:
    app = make_job_app(database_url)
    register(app, work_of(world)[0])
    assert jobs.REFRESH_ROAS not in app.tasks


async def test_an_expired_delegation_is_ended_by_the_worker(
    world: World, database_url: str
) -> None:
    claim, delegate = await world.approved(), await world.new_account()
    soon = world.clock.now() + timedelta(hours=1)
    await Verb(world.store, delegations.delegate)(
        claim.account_id,
        claim.id,
        cidr=str(claim.prefix),
        delegated_account_id=delegate,
        expires_at=soon,
        by=BY,
    )
    world.clock.advance(timedelta(hours=1))
    app = make_job_app(database_url)
    register(app, work_of(world)[0])
    async with app.open_async():
        await app.configure_task(jobs.END_EXPIRED_DELEGATIONS).defer_async(timestamp=0)
        await all_done(app, [jobs.DEFAULT_QUEUE])
    ended = (await world.events(claim))[-1]
    assert (ended.kind, ended.actor) == ("delegation.expired", "worker")


async def test_runs_of_the_watch_do_not_overlap_and_one_at_most_waits(
    world: World, database_url: str
) -> None:
    app = make_job_app(database_url)
    register(app, work_of(world)[0])
    async with app.open_async():
        task = app.tasks[jobs.WATCH_PREFIXES]
        first = await task.defer_async(timestamp=0)
        with pytest.raises(AlreadyEnqueued):
            await task.defer_async(timestamp=60)
        worker = await app.job_manager.register_worker()
        taken = await app.job_manager.fetch_job([*jobs.QUEUES], worker)
        assert taken is not None
        assert taken.id == first
        second = await task.defer_async(timestamp=60)  # waits for the one that runs
        assert await app.job_manager.fetch_job([*jobs.QUEUES], worker) is None
        assert second != first
