"""The great outage replayed, with what holds jobs back: each alone before 4,306 prefixes.

The list of what is due has the bug of that day: it names everything. Whatever else would stop the
job is out of its way: no ceiling of the breaker is ever reached, and where the measuring of sets
is not the guard in question, a past of large runs lets the set through.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind
from byoip.store.routes.offboardings import DueOffboarding, OffboardingRepository
from byoip.store.transaction import Store, Transaction
from byoip.usecases.jobs import kill_switches
from byoip.usecases.jobs.guarded_batch import GuardedBatch
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from tests.many_routes import OwnedRoute
from tests.rules.accident import FLEET, NO_CEILING, Accident
from tests.usecases.verbs import Verb

OPERATOR = Actor("operator:1", "request-operator")
WORKER = Actor("worker", "job-1")
LARGE_PAST = (
    "INSERT INTO job_runs (id, kind, at, request_id, listed, sample, acted, refused, measured)"
    " VALUES (gen_random_uuid(), 'offboard', now(), 'long ago', 5000, '[]', 5000, '', 5000)"
)


class Everything(OffboardingRepository):
    """Asked for what is due it forgets what it was asked for."""

    listed: Sequence[UUID] = ()

    async def due(self, now: datetime, limit: int) -> Sequence[DueOffboarding]:  # noqa: ARG002
        return [DueOffboarding(one, one, new=True) for one in self.listed]


class Mistaken(Store):
    """The store with that bug."""

    claims: Sequence[UUID] = ()

    @asynccontextmanager
    async def transaction(self, *args: Any, **kwargs: Any) -> AsyncIterator[Transaction]:
        async with super().transaction(*args, **kwargs) as tx:
            due = Everything(vars(tx.offboardings)["_session"])
            due.listed = self.claims
            tx.offboardings = due
            yield tx


@pytest.fixture
def unhindered(accident: Accident) -> Accident:
    """No ceiling is ever reached."""
    return Accident(accident.engine, accident.url, accident.routes, NO_CEILING)


def job(accident: Accident) -> ContinueOffboardings:
    """The clean-up job, whose list is right about nothing."""
    store = Mistaken(accident.engine, accident.clock, NO_CEILING)
    store.claims = [one.claim_id for one in accident.routes[::4]]  # a quarter takes long enough
    return ContinueOffboardings(store, accident.clock, timedelta(days=7))


def ruthless(accident: Accident) -> tuple[Callable[[UUID], Awaitable[int]], dict[UUID, OwnedRoute]]:
    """What acts on a row without a look at it."""
    of = {one.claim_id: one for one in accident.routes}

    async def act(claim_id: UUID) -> int:
        return await accident.take_down(of[claim_id])

    return act, of


async def test_a_list_of_everything_is_no_list_of_what_is_queued(unhindered: Accident) -> None:
    """Each row is looked at again under its lock, whatever query listed it."""
    unhindered.sql(LARGE_PAST)
    assert await job(unhindered)(by=WORKER) == 0
    assert await unhindered.unharmed()


async def test_a_set_that_the_job_never_had_before_is_refused_as_a_whole(
    unhindered: Accident,
) -> None:
    act, of = ruthless(unhindered)
    run = GuardedBatch(unhindered.store, unhindered.clock, JobKind.OFFBOARD)
    assert await run(list(of), act, by=WORKER) == 0
    assert await unhindered.unharmed()
    # A word for a small set lets no large one through.
    allow = Verb(unhindered.store, kill_switches.allow)
    await run(list(of)[:100], act, by=WORKER)
    await allow(JobKind.OFFBOARD, reason="a hundred, looked at", name="Ada", by=OPERATOR)
    assert await run(list(of), act, by=WORKER) == 0
    assert await unhindered.unharmed()


async def test_a_job_whose_switch_is_thrown_does_nothing(unhindered: Accident) -> None:
    unhindered.sql(LARGE_PAST)
    await throw(unhindered)
    act, of = ruthless(unhindered)
    run = GuardedBatch(unhindered.store, unhindered.clock, JobKind.OFFBOARD)
    assert await run(list(of), act, by=WORKER) == 0
    assert await unhindered.unharmed()


async def test_a_switch_that_is_thrown_while_it_runs_stops_it_before_the_next_row(
    unhindered: Accident,
) -> None:
    unhindered.sql(LARGE_PAST)
    act, of = ruthless(unhindered)

    async def watched(claim_id: UUID) -> int:
        done = await act(claim_id)
        if await unhindered.up() == FLEET - 3:
            await throw(unhindered)
        return done

    run = GuardedBatch(unhindered.store, unhindered.clock, JobKind.OFFBOARD)
    assert await run(list(of), watched, by=WORKER) == 3
    assert await unhindered.up() == FLEET - 3


async def throw(accident: Accident) -> None:
    move = Verb(accident.store, kill_switches.move)
    await move(JobKind.OFFBOARD, stopped=True, reason="it is going wrong", by=OPERATOR)
