"""A customer asks for the checks to run."""

from uuid import UUID, uuid4

from byoip.domain.checks.validation_run import Trigger, ValidationRun
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Transaction


async def request_validation(tx: Transaction, account_id: UUID, claim_id: UUID) -> ClaimView:
    """Have the checks run: start a run, wake the sleeping one, or join the one that runs.

    Raises:
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
    """
    await tx.lock_claim(claim_id, account_id)
    wanted = ValidationRun(uuid4(), claim_id, Trigger.CUSTOMER, tx.now, due_at=tx.now)
    run, new = await tx.runs.open(wanted)
    woken = new or await tx.runs.wake(run.id, tx.now)
    view = await tx.claims.view(claim_id)
    if woken:
        await tx.jobs.enqueue_run(run.id)
        tx.record(claim_id, "validation.requested", after={"validation_id": run.id.hex})
    return view
