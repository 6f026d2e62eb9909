from dataclasses import dataclass
from uuid import UUID, uuid4

from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.routes.offboarding import End, NothingToOffboard, Offboarding
from byoip.ports.clock import Clock
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Store, Transaction
from byoip.usecases.events import record_changes


@dataclass(frozen=True, slots=True)
class OffboardPrefix:
    """Send a prefix on its way out. A worker takes the steps; all of them name this request."""

    store: Store
    clock: Clock

    async def __call__(
        self, account_id: UUID, claim_id: UUID, *, by: Actor, once: IdempotencyKey | None = None
    ) -> ClaimView:
        """Note it, and wake a worker. One that is on its way already stays as it is.

        Raises:
            ClaimNotFound, PreconditionFailed, NothingToOffboard: as they say.
            PrefixSuspended: or it would come back without its suspension.
            AdvertiseStateLocked: the operator has locked a route, advertised or not.
        """
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            if not claim.offboarding:
                claim.require_not_suspended()
                await _demand_way(tx, claim_id, approved=claim.approved)
                now = self.clock.now()
                owing = await tx.offboardings.live(claim_id)
                if owing:
                    await tx.offboardings.save(owing.ended(End.RESTORED, now))
                began = Offboarding(
                    id=uuid4(),
                    claim_id=claim_id,
                    account_id=claim.account_id,
                    actor=by.name,
                    request_id=by.request_id,
                    began_at=now,
                    contested=claim.standing is Standing.CONTESTED,
                    routes=owing.routes if owing else (),  # not back yet, and owed all the same
                )
                await tx.offboardings.add(began)
                before, claim = claim, claim.written(now).stand(Transition.OFFBOARDING, now)
                await tx.claims.save(claim)
                record_changes(tx, before, claim)
                await tx.jobs.enqueue_offboarding()
            view = await tx.claims.view(claim.id)
            await tx.answered(view)
        return view


async def _demand_way(tx: Transaction, claim_id: UUID, *, approved: bool) -> None:
    routes = await tx.bgp_prefixes.of(claim_id)
    if not approved and not routes and not await tx.bindings.of(claim_id):
        raise NothingToOffboard
    for one in routes:
        one.require_unlocked()  # it could never be withdrawn, or would come back without its lock
