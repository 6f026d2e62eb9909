"""What operators do about jobs: throw a kill switch, or let a refused set through."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.jobs.job_history import JobKind, JobNotRefused, JobStopped, JobSwitch
from byoip.ports.clock import Clock
from byoip.store.jobs.views import JobReport
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class MoveKillSwitch:
    """Stop a kind of job before its next row, or let it run again. Needs the database only."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        kind: JobKind,
        *,
        stopped: bool,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> JobReport:
        """Move the switch, whether or not it stands there already.

        Raises:
            InvalidText: the reason.
        """
        why, now = stated_reason(reason), self.clock.now()
        moved = JobSwitch(kind, stopped, now, by.name, why.value)
        async with self.store.transaction(once, actor=by) as tx:
            await tx.guards.switch(moved)
            event = "job.stopped" if stopped else "job.started"
            after = {"kind": kind.value}
            tx.record_for_operators(event, why, after=after)
            report = await tx.guards.report(kind)
            await tx.answered(report)
        return report


@dataclass(frozen=True, slots=True)
class KillSwitches:
    """Where they stand."""

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


@dataclass(frozen=True, slots=True)
class AllowJob:
    """Let the set through that a kind of job was refused: these rows, once, and no others."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        kind: JobKind,
        *,
        reason: str,
        name: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> JobReport:
        """Give a word on the set that waits; `name` is the operator's credential's.

        Raises:
            JobNotRefused: none waits.
            InvalidText: the reason.
        """
        why, now = stated_reason(reason), self.clock.now()
        async with self.store.transaction(once, actor=by) as tx:
            waiting = await tx.guards.waiting(kind)
            if waiting is None:
                raise JobNotRefused(kind)
            allowed = replace(
                waiting,
                allowed_at=now,
                allowed_by=f"{name} ({by.name})",
                allowed_because=why.value,
            )
            await tx.guards.allow(allowed)
            after = {"kind": kind.value, "listed": allowed.listed, "by": allowed.allowed_by}
            tx.record_for_operators("job.allowed", why, after=after)
            report = await tx.guards.report(kind)
            await tx.answered(report)
        return report
