"""Letters in the queue: only the worker that holds the operator's key takes them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from byoip.domain.letters.letter import VALIDITY
from byoip.ports import jobs
from byoip.store.jobs.jobs import make_job_app
from byoip.usecases.letters.generate_letter import GenerateLetter
from byoip.usecases.letters.renew_letters import RenewLetters
from byoip.worker.schedule import schedule
from byoip.worker.tasks import LetterWork, Work, register
from tests.fakes.letters import FakePress, FakeSigner
from tests.fakes.tokens import RandomHex
from tests.usecases.letters import approved, read
from tests.usecases.world import World, roa
from tests.worker.test_tasks import all_done, work_of

BOTH = [jobs.DEFAULT_QUEUE, jobs.LETTER_QUEUE]


def work_with_key(world: World) -> Work:
    generate = GenerateLetter(
        *(world.store, world.clock, RandomHex(), FakePress(), FakeSigner(), "Example", ""),
        registries=world.registries,
        overrides=world.overrides,
    )
    letters = LetterWork(generate, RenewLetters(world.store, world.clock))
    return replace(work_of(world)[0], letters=letters)


async def test_a_letter_waits_for_the_worker_that_has_the_key(
    world: World, database_url: str
) -> None:
    claim = await approved(world)
    without, having = make_job_app(database_url), make_job_app(database_url)
    register(without, work_of(world)[0])
    register(having, work_with_key(world))
    assert jobs.GENERATE_LETTER not in without.tasks
    async with without.open_async():
        await all_done(without, [jobs.DEFAULT_QUEUE])
    assert (await world.now(claim)).loa_document_id is None
    async with having.open_async():
        await all_done(having, BOTH)
    assert (await world.now(claim)).loa_document_id is not None
    issued = (await world.events(claim))[-1]
    assert (issued.kind, issued.actor) == ("letter.issued", "worker")


async def test_what_is_due_is_found_and_written(world: World, database_url: str) -> None:
    claim = await approved(world)
    app = make_job_app(database_url)
    register(app, work_with_key(world))
    async with app.open_async():
        await all_done(app, BOTH)
        world.clock.advance(VALIDITY - timedelta(days=1))
        await world.roas(roa(claim.prefix))
        await app.configure_task(jobs.RENEW_LETTERS, queue=jobs.LETTER_QUEUE).defer_async(
            timestamp=0
        )
        await all_done(app, BOTH)
    async with world.store.transaction() as tx:
        new, old = await tx.letters.of(claim.id)
    assert old.superseded_by == new.reference


async def test_a_worker_hears_what_snapshots_say(world: World, database_url: str) -> None:
    claim = await approved(world)
    app = make_job_app(database_url)
    register(app, work_with_key(world))
    async with app.open_async():
        await all_done(app, BOTH)
        world.clock.advance(timedelta(hours=1))
        await world.roas()
        await app.configure_task(jobs.WATCH_LETTERS).defer_async(timestamp=0)
        await all_done(app, BOTH)
    async with world.store.transaction() as tx:
        [letter] = await tx.letters.of(claim.id)
    assert (await read(world, letter)).rpki.failing_since is not None


def test_only_the_worker_with_the_key_schedules_renewals(world: World) -> None:
    scheduled = []
    for work in (work_of(world)[0], work_with_key(world)):
        app = App(connector=PsycopgConnector())
        register(app, work)
        schedule(app, roas_every_minutes=None, letters=work.letters is not None)
        names = {one.task.name for one in app.periodic_registry.periodic_tasks.values()}
        assert jobs.WATCH_LETTERS in names
        scheduled.append(jobs.RENEW_LETTERS in names)
    assert scheduled == [False, True]


async def test_passes_over_all_letters_do_not_overlap_and_one_at_most_waits(
    world: World, database_url: str
) -> None:
    app = make_job_app(database_url)
    register(app, work_of(world)[0])
    async with app.open_async():
        task = app.tasks[jobs.WATCH_LETTERS]
        first = await task.defer_async(timestamp=0)
        with pytest.raises(AlreadyEnqueued):
            await task.defer_async(timestamp=60)
        worker = await app.job_manager.register_worker()
        taken = await app.job_manager.fetch_job([*jobs.QUEUES], worker)
        assert taken is not None
        assert taken.id == first
        await task.defer_async(timestamp=60)
        assert await app.job_manager.fetch_job([*jobs.QUEUES], worker) is None
