from dataclasses import dataclass
from uuid import UUID, uuid4

from byoip.domain.checks.validation_run import Trigger, ValidationRun
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Store
from byoip.usecases.claims.view import view_of


@dataclass(frozen=True, slots=True)
class RequestValidation:
    """Have the checks run: start a run, wake the sleeping one, or join the one that runs."""

    store: Store
    clock: Clock

    async def __call__(
        self, account_id: UUID, claim_id: UUID, *, by: Actor, once: IdempotencyKey | None = None
    ) -> ClaimView:
        """Enqueue in this transaction.

        Raises:
            ClaimNotFound, PreconditionFailed: as they say.
        """
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            now = self.clock.now()
            wanted = ValidationRun(uuid4(), claim_id, Trigger.CUSTOMER, now, due_at=now)
            run, new = await tx.runs.open(wanted)
            if new or await tx.runs.wake(run.id, now):
                await tx.jobs.enqueue_run(run.id)
                after = {"validation_id": run.id.hex}
                tx.record(claim_id, "validation.requested", after=after)
            view = await view_of(claim, tx)
            await tx.answered(view)
        return view
