"""After a restore: believe nothing of what the backup says that speakers were given.

Its rows may say withdrawn of a route that was announced again after the backup, and name who asked
for it. So what speakers hold is taken for ours where a row wants it, and left to people where none
does; offboarding waits for a person, for it may go on with what was called off since; and edges
read everything anew, for the numbers of their changes are given a second time.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import uuid4

from byoip.domain.accounts.operating import stated_name, stated_reason
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind, JobSwitch
from byoip.ports.clock import Clock
from byoip.store.speakers.restores import Disowned, Identity
from byoip.store.transaction import Store, Transaction

_STANDS_FOR: Final = timedelta(days=1)
_RECOGNISED: Final = CustomerText("this database was restored, or its server was replaced")


@dataclass(frozen=True, slots=True)
class DetectRestore:
    """Do it without a person, where the database itself shows that it was restored."""

    store: Store
    clock: Clock

    async def __call__(self) -> bool:
        """Compare it with what it was; to be done before speakers are told anything.

        Raises:
            StoreUnavailable: nothing was changed.
        """
        now = self.clock.now()
        async with self.store.transaction() as tx:
            found = await tx.restores.identity()
            await tx.restores.warned_enough(now - _STANDS_FOR)
            if found.kept is None:
                await tx.restores.keep(found.here, now)
            if not found.restored:
                return False
            tx.act_as(Actor("reconciler", f"restored-{uuid4().hex}"))
            done = await _disown(tx, found, _RECOGNISED)
            await tx.restores.warn(
                f"{done.marks} marks are forgotten, offboarding is stopped: see the runbook", now
            )
        return True


@dataclass(frozen=True, slots=True)
class ForgetAppliedState:
    """Do it on an operator's word. Needs the database only."""

    store: Store
    clock: Clock

    async def __call__(self, *, name: str, reason: str, by: Actor) -> Disowned:
        """Can be repeated; withdrawals that are on their way are then left to people, too.

        Raises:
            InvalidText: the name or the reason.
        """
        who, why = stated_name(name), stated_reason(reason)
        named = Actor(f"{by.name}:{who.value}", by.request_id)
        async with self.store.transaction(actor=named) as tx:
            found = await tx.restores.identity()
            return await _disown(tx, found, why)


async def _disown(tx: Transaction, found: Identity, why: CustomerText) -> Disowned:
    feed = await tx.edges.begin_feed()  # first: it waits for all who change bindings
    await tx.restores.keep(found.here, tx.now)
    done = await tx.restores.disown()
    await tx.guards.switch(JobSwitch(JobKind.OFFBOARD, True, tx.now, tx.actor.name, why.value))  # noqa: FBT003 - a field
    before = {"identity": found.kept}
    after = {"identity": found.here, "marks": done.marks, "orphans": done.orphans}
    after["feed"] = feed.hex
    tx.record_for_operators("routes.disowned", why, before=before, after=after)
    stopped = {"kind": JobKind.OFFBOARD.value}
    tx.record_for_operators("job.stopped", why, after=stopped)
    return done
