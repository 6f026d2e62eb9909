import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.evidence import Check, Fault, Finding, RawAnswer, Unanswered
from byoip.domain.checks.validation_run import LEASE, RunResult, RunState, ValidationRun
from byoip.domain.claims.claim import Claim
from byoip.store.claims.reader import CustomerReader
from byoip.store.transaction import Store
from tests.store.samples import SetClock, run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TIMED_OUT = Finding(
    Check.RPKI, Unanswered(Fault.TIMEOUT, ""), NOW, (RawAnswer("q", "h", b"raw", NOW),)
)


async def _open(store: Store, one: ValidationRun) -> tuple[ValidationRun, bool]:
    async with store.transaction() as tx:
        return await tx.runs.open(one)


async def _take(store: Store, run_id: UUID, lease: timedelta = LEASE) -> ValidationRun | None:
    async with store.transaction() as tx:
        return await tx.runs.take(run_id, lease)


async def test_of_many_that_open_a_run_one_starts_it_and_all_others_join(
    store: Store, kept: Claim
) -> None:
    opened = await asyncio.gather(*(_open(store, run(kept)) for _ in range(20)))
    assert sorted(new for _, new in opened) == [False] * 19 + [True]
    assert len({one.id for one, _ in opened}) == 1


async def test_opening_goes_on_working_once_the_driver_has_prepared_the_statement(
    store: Store, kept: Claim
) -> None:
    async with store.transaction() as tx:
        opened = [await tx.runs.open(run(kept)) for _ in range(15)]
    assert [new for _, new in opened] == [True] + [False] * 14


async def test_of_two_workers_one_takes_the_run(store: Store, kept: Claim) -> None:
    opened, _ = await _open(store, run(kept))
    taken = await asyncio.gather(*(_take(store, opened.id) for _ in range(10)))
    (one,) = [one for one in taken if one]
    assert (one.attempt, one.state) == (1, RunState.RUNNING)


async def test_a_sleeping_run_is_not_taken_until_it_is_woken(
    store: Store, kept: Claim, clock: SetClock
) -> None:
    opened, _ = await _open(store, run(kept, due_in=timedelta(minutes=1)))
    assert await _take(store, opened.id) is None
    async with store.transaction() as tx:
        assert await tx.runs.wake(opened.id, clock.now())
        assert not await tx.runs.wake(opened.id, clock.now())
    assert await _take(store, opened.id)
    async with store.transaction() as tx:
        assert not await tx.runs.wake(opened.id, clock.now())


async def _pass(engine: AsyncEngine, time: timedelta) -> None:
    """Let leases be so much nearer to their end."""
    async with engine.begin() as connection:
        passing = text("UPDATE validation_runs SET lease_until = lease_until - :time")
        await connection.execute(passing, {"time": time})


async def test_a_run_whose_lease_ran_out_is_taken_again_and_its_first_worker_records_nothing(
    store: Store, kept: Claim, engine: AsyncEngine
) -> None:
    opened, _ = await _open(store, run(kept))
    first = await _take(store, opened.id)
    assert first
    assert await _take(store, opened.id) is None
    await _pass(engine, LEASE)
    async with store.transaction() as tx:
        assert await tx.runs.abandoned(10) == [opened.id]
    second = await _take(store, opened.id)
    assert second
    assert second.attempt == 2
    async with store.transaction() as tx:
        assert await tx.runs.abandoned(10) == []
        assert await tx.runs.lock(opened.id, first.attempt) is None
        assert not await tx.runs.renew(opened.id, first.attempt, LEASE)
        assert await tx.runs.lock(opened.id, second.attempt) == second
    with pytest.raises(RuntimeError):
        async with store.transaction() as tx:
            await tx.runs.finish(first.finished(RunResult.FAILED, NOW), [])


async def test_a_renewed_lease_lasts(store: Store, kept: Claim, engine: AsyncEngine) -> None:
    opened, _ = await _open(store, run(kept))
    await _take(store, opened.id, LEASE)
    async with store.transaction() as tx:
        assert await tx.runs.renew(opened.id, 1, 3 * LEASE)
    await _pass(engine, LEASE)
    assert await _take(store, opened.id) is None


async def test_a_finished_run_makes_room_for_the_next(
    store: Store, kept: Claim, clock: SetClock
) -> None:
    opened, _ = await _open(store, run(kept))
    taken = await _take(store, opened.id)
    assert taken
    async with store.transaction() as tx:
        locked = await tx.runs.lock(taken.id, taken.attempt)
        assert locked
        await tx.runs.finish(locked.finished(RunResult.UNANSWERED, clock.now()), [TIMED_OUT])
        again = locked.again(uuid4(), clock.now())
        assert await tx.runs.open(again) == (again, True)
    assert await _take(store, opened.id) is None


async def test_evidence_keeps_the_digest_of_the_raw_answer(
    store: Store, kept: Claim, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        opened, _ = await tx.runs.open(run(kept))
        taken = await tx.runs.take(opened.id, LEASE)
        assert taken
        await tx.runs.finish(taken.finished(RunResult.UNANSWERED, NOW), [TIMED_OUT])
    async with engine.connect() as connection:
        digest = await connection.scalar(text("SELECT sha256 FROM exhibits"))
    assert digest.hex() == TIMED_OUT.exhibits[0].sha256


async def test_evidence_from_hundreds_of_servers_is_kept_in_order(
    store: Store, reader: CustomerReader, kept: Claim
) -> None:
    shown = tuple(RawAnswer(f"zone {number}", "ns", b"", NOW) for number in range(250))
    many = [replace(TIMED_OUT, exhibits=shown), replace(TIMED_OUT, exhibits=shown[:1])]
    async with store.transaction() as tx:
        opened, _ = await tx.runs.open(run(kept))
        taken = await tx.runs.take(opened.id, LEASE)
        assert taken
        await tx.runs.finish(taken.finished(RunResult.UNANSWERED, NOW), many)
    view = await reader.run(kept.account_id, kept.id, opened.id)
    assert view.findings == tuple(many)


async def test_the_open_run_of_a_closed_claim_is_cancelled(
    store: Store, kept: Claim, clock: SetClock
) -> None:
    opened, _ = await _open(store, run(kept))
    await _take(store, opened.id)
    async with store.transaction() as tx:
        await tx.runs.end_open(kept.id, clock.now())
        assert await tx.runs.lock(opened.id, 1) is None
        assert await tx.runs.abandoned(10) == []


async def test_a_run_overdue_for_half_a_minute_is_abandoned(
    store: Store, kept: Claim, clock: SetClock
) -> None:
    opened, _ = await _open(store, run(kept))
    clock.at = opened.due_at + timedelta(seconds=30)
    async with store.transaction() as tx:
        assert await tx.runs.abandoned(10) == []
        clock.advance(timedelta(milliseconds=1))
        assert await tx.runs.abandoned(10) == [opened.id]


async def test_a_run_that_is_open_may_be_joined_while_it_is_being_recorded(
    store: Store, kept: Claim
) -> None:
    opened, _ = await _open(store, run(kept))
    taken = await _take(store, opened.id)
    async with store.transaction() as recording:
        await recording.runs.lock(opened.id, 1)
        joined, new = await asyncio.wait_for(_open(store, run(kept)), 60)
    assert (joined, new) == (taken, False)
    assert replace(joined, attempt=0, started_at=None, state=RunState.SCHEDULED) == opened
