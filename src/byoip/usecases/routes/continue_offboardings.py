"""Offboarding: the job that takes each prefix on its way out through its steps.

Theory of operation. A customer's request is kept as a row that names it and the next step. This
job takes the steps, each in a transaction of its own under the claim's lock, and the row moves on
in the same transaction. So a worker may die anywhere: the next run goes on from the row.

    offboard --> WITHDRAW --> CONFIRM --> UNBIND --> GRACE ---------> closed
                  |    ^         |          |           (its time is over, or its owner or an
                  |    +---------+----------+            operator ends it early)
                  |      a route is wanted or held again
                  +--> parked behind a trip of the breaker --> an operator re-arms it:
                       released (goes on, paced) or cancelled (turns back)

WITHDRAW takes one route per transaction, and leaves what the operator has locked. CONFIRM waits
until no speaker holds a route and no observer sees one; letters are revoked only then. UNBIND ends
the bindings, the default last: never under a route, or traffic would arrive where no service
answers. `restore` brings everything back from any of these steps; a route that cannot be announced
yet keeps the row in step RESTORE, for `AnnounceOwed`.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from byoip.domain.claims.claim import Claim, ClaimNotFound, WithdrawFirst
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind
from byoip.domain.letters.letter import RevokedBecause
from byoip.domain.routes.bgp_prefix import LockedByOperator
from byoip.domain.routes.breaker import (
    CeilingReached,
    RoomAwaited,
    Source,
    Withdrawal,
    WithdrawalsStopped,
)
from byoip.domain.routes.offboarding import JOB, Offboarding, Step, TakenBinding, TakenRoute
from byoip.ports.clock import Clock
from byoip.store.transaction import Store, Transaction
from byoip.usecases.claims.close import close_after_grace
from byoip.usecases.claims.contests import lock_with_space
from byoip.usecases.jobs.guarded_batch import BATCH_LIMIT, GuardedBatch, New
from byoip.usecases.letters.letters import revoke_all
from byoip.usecases.routes.withdraw import withdraw

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ContinueOffboardings:
    """Takes the next steps of all offboardings that are due.

    Attributes:
        grace: how long an unbound prefix can still be restored.
    """

    store: Store
    clock: Clock
    grace: timedelta

    async def __call__(self, *, by: Actor) -> int:
        """Take each as far as it goes now; how many steps were taken.

        Raises:
            RowsFailed: some failed; all others went on.
        """
        async with self.store.transaction(actor=by) as tx:
            due = await tx.offboardings.due(tx.now, BATCH_LIMIT)
        run = GuardedBatch(self.store, self.clock, JobKind.OFFBOARD)
        new = New({one.claim_id: one.account_id for one in due if one.new}, _enrol)
        return await run([one.claim_id for one in due], self._go_on, by=by, new=new)

    async def _go_on(self, claim_id: UUID) -> int:
        steps = 0
        try:
            while await self._step(claim_id):
                steps += 1
        except RoomAwaited:
            _log.info("prefix %s goes on being offboarded when there is room", claim_id.hex)
        except WithdrawalsStopped:
            await self._park(claim_id, None)
        except CeilingReached as reached:
            await self._park(claim_id, reached)
        return steps

    async def _step(self, claim_id: UUID) -> bool:
        """Take one step; whether another may follow at once."""
        async with self.store.transaction() as tx:
            await tx.guards.require_running(JobKind.OFFBOARD)
            may_close = await _lock_to_close(tx, claim_id)
            found = await _offboarding(tx, claim_id)
            if found is None:
                return False
            claim, offboarding = found
            # The worker acts in the name of the request for the offboarding.
            tx.act_as(Actor("worker", offboarding.request_id))
            match offboarding.step:
                case Step.WITHDRAW:
                    return await self._withdraw(tx, offboarding)
                case Step.CONFIRM:
                    return await self._confirm(tx, offboarding)
                case Step.UNBIND:
                    return await self._unbind(tx, offboarding)
                case _ if may_close:
                    return await self._close(tx, claim, offboarding)
                case _:
                    return True  # it came to its grace just now: once more, with its space

    async def _withdraw(self, tx: Transaction, offboarding: Offboarding) -> bool:
        live = await tx.bgp_prefixes.of(offboarding.claim_id)
        wanted = [one for one in live if one.desired.advertised]
        if not wanted:
            await tx.offboardings.save(offboarding.on())
            return True
        free = next((one for one in wanted if not one.locked), None)
        if free is None:
            return False  # the operator has locked the routes that are left, and has to unlock them
        gone = await withdraw(tx, free, source=Source.OFFBOARDING, job=JOB, run=offboarding.id.hex)
        taken = TakenRoute(gone.id, gone.desired.change)
        await tx.offboardings.save(offboarding.taken(taken))
        return True

    async def _confirm(self, tx: Transaction, offboarding: Offboarding) -> bool:
        claim_id = offboarding.claim_id
        if any(one.desired.advertised for one in await tx.bgp_prefixes.of(claim_id)):
            await tx.offboardings.save(offboarding.back())
            return True
        if await tx.bgp_prefixes.lingering(claim_id):
            return False
        await tx.offboardings.save(offboarding.on())
        # Not before the route is gone, or networks that poll the letter would drop it early.
        await revoke_all(tx, claim_id, RevokedBecause.OFFBOARDED)
        after = {"bgp_prefixes": [one.bgp_prefix_id.hex for one in offboarding.routes]}
        tx.record(claim_id, "offboarding.withdrawn", after=after)
        return True

    async def _unbind(self, tx: Transaction, offboarding: Offboarding) -> bool:
        claim_id, now = offboarding.claim_id, tx.now
        live = await tx.bgp_prefixes.of(claim_id)
        out = [one.id for one in live if one.desired.advertised]
        if out or await tx.bgp_prefixes.lingering(claim_id):
            await tx.offboardings.save(offboarding.back())
            return False
        bound = sorted(await tx.bindings.of(claim_id), key=lambda one: one.is_default)
        for one in bound:  # the default last
            await tx.bindings.remove(one.id, now)
            taken = TakenBinding(one.id, str(one.cidr), one.service.id)
            offboarding = offboarding.unbound(taken)
            before = {
                "binding_id": one.id.hex,
                "cidr": str(one.cidr),
                "service_id": one.service.id.hex,
            }
            tx.record(claim_id, "binding.removed", before=before)
        until = now + self.grace
        await tx.offboardings.save(offboarding.graced(until))
        after = {"grace_until": until.isoformat(), "restore": "POST .../restore until then"}
        tx.record(claim_id, "offboarding.unbound", after=after)
        return True

    async def _close(self, tx: Transaction, claim: Claim, offboarding: Offboarding) -> bool:
        if not offboarding.over(tx.now):
            return False
        try:
            await close_after_grace(tx, claim)
        except (WithdrawFirst, LockedByOperator) as refusal:
            _log.error("prefix %s is not closed: %s", claim.id.hex, refusal.message)
            return False
        return True

    async def _park(self, claim_id: UUID, reached: CeilingReached | None) -> None:
        """Note the trip that it waits behind; open the trip of a ceiling that it has reached.

        An offboarding that an operator has released opens no trip, and waits for room instead.
        """
        async with self.store.transaction() as tx:
            found = await _offboarding(tx, claim_id)
            if found is None:
                return
            _, offboarding = found
            if reached is not None:
                if offboarding.paced:
                    return
                await tx.breaker.trip(
                    reached.trips, actor=reached.actor, request_id=reached.request_id
                )
            asked = Withdrawal(
                claim_id, offboarding.account_id, 0, Source.OFFBOARDING, JOB, offboarding.id.hex
            )
            stopping = [one for one in await tx.breaker.open() if one.trip.stops(asked)]
            if stopping and offboarding.parked_by != stopping[0].id:
                await tx.offboardings.save(offboarding.parked(stopping[0].id))


async def _enrol(tx: Transaction, claim_ids: Sequence[UUID]) -> None:
    await tx.offboardings.enrol(claim_ids)


async def _lock_to_close(tx: Transaction, claim_id: UUID) -> bool:
    """Lock the space before the claim if the next step closes it; whether it does."""
    seen = await tx.offboardings.live(claim_id)
    closes = seen is not None and seen.step is Step.GRACE
    if closes:
        with suppress(ClaimNotFound):  # closed since: the caller sees that
            await lock_with_space(tx, claim_id)
    return closes


async def _offboarding(tx: Transaction, claim_id: UUID) -> tuple[Claim, Offboarding] | None:
    """The locked claim and its offboarding; None if it is no longer being offboarded."""
    try:
        claim = await tx.claims.lock(claim_id)
    except ClaimNotFound:
        return None
    offboarding = await tx.offboardings.live(claim_id)
    if not claim.offboarding or offboarding is None or not offboarding.request_id:
        _log.warning("prefix %s was listed, and is not being offboarded: skipped", claim_id.hex)
        return None
    return claim, offboarding
