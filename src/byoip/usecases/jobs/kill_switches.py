"""What operators do about jobs: throw a kill switch, or let a refused set through."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from byoip.domain.jobs.job_history import JobKind, JobNotRefused, JobStopped, JobSwitch
from byoip.domain.operator_text import stated_reason
from byoip.store.jobs.views import JobReport
from byoip.store.transaction import Store, Transaction


async def move(
    tx: Transaction,
    kind: JobKind,
    *,
    stopped: bool,
    reason: str,
    require: Callable[[JobSwitch], None] | None = None,
) -> JobReport:
    """Stop a kind of job before its next row, or let it run again. Needs the database only.

    The switch is moved, and the history has it, even if it stands there already. `require` is told
    how it stands, under lock, and refuses what was not meant.

    Raises:
        InvalidText: the reason.
    """
    why = stated_reason(reason)
    if require:
        require(await tx.guards.switched(kind))
    await tx.guards.switch(JobSwitch(kind, stopped, tx.now, tx.actor.name, why.value))
    event = "job.stopped" if stopped else "job.started"
    tx.record_for_operators(event, why, after={"kind": kind.value})
    return await tx.guards.report(kind)


async def allow(tx: Transaction, kind: JobKind, *, reason: str, name: str) -> JobReport:
    """Let the set through that a kind of job was refused: these rows, once, and no others.

    `name` is that of the operator's credential.

    Raises:
        InvalidText: the reason.
        JobNotRefused: no set of this kind waits.
    """
    why = stated_reason(reason)
    waiting = await tx.guards.waiting(kind)
    if waiting is None:
        raise JobNotRefused(kind)
    allowed = replace(
        waiting,
        allowed_at=tx.now,
        allowed_by=f"{name} ({tx.actor.name})",
        allowed_because=why.value,
    )
    await tx.guards.allow(allowed)
    after = {"kind": kind.value, "listed": allowed.listed, "by": allowed.allowed_by}
    tx.record_for_operators("job.allowed", why, after=after)
    return await tx.guards.report(kind)


@dataclass(frozen=True, slots=True)
class KillSwitches:
    """Whether jobs may run."""

    store: Store

    async def stopped(self, kind: JobKind) -> bool:
        """Whether a kind of job must not run."""
        try:
            async with self.store.transaction() as tx:
                await tx.guards.require_running(kind)
        except JobStopped:
            return True
        return False

    async def all(self) -> Sequence[JobSwitch]:
        """One for each kind."""
        async with self.store.transaction() as tx:
            return await tx.guards.switches()
