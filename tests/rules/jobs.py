"""Periodic jobs as rules run them."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from byoip.domain.jobs.job_history import JobKind
from byoip.store.jobs.views import JobReport
from byoip.usecases.claims.close_unproven import CloseUnproven
from byoip.usecases.claims.delegations import EndExpiredDelegations
from byoip.usecases.jobs import kill_switches
from tests.rules.estate import OPERATOR, WORKER, Estate
from tests.usecases.verbs import Verb

Run = Callable[[Estate], Awaitable[int]]


def allow(estate: Estate) -> Verb[JobReport]:
    return Verb(estate.store, kill_switches.allow)


async def throw(estate: Estate, kind: JobKind, *, stopped: bool) -> None:
    move = Verb(estate.store, kill_switches.move)
    await move(kind, stopped=stopped, reason="a ticket", by=OPERATOR)


async def close_unproven(estate: Estate) -> int:
    return await CloseUnproven(estate.store, estate.clock)(by=WORKER)


async def end_expired(estate: Estate) -> int:
    return await EndExpiredDelegations(estate.store, estate.clock)(by=WORKER)


async def offboard(estate: Estate) -> int:
    return await estate.go_on()


class Acted:
    """Counts the rows that were acted on."""

    def __init__(self) -> None:
        self.rows: list[UUID] = []

    async def __call__(self, row: UUID) -> int:
        self.rows.append(row)
        return 1
