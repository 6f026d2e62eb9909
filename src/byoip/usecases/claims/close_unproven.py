"""What becomes of a claim without proof, and what is told before."""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.closing import closable, closes_at, notice_due, token_notice_due
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.accounts.endings import tell_of_end
from byoip.usecases.claims.contests import lock_to_leave, no_rival_any_more
from byoip.usecases.events import end_token_and_run, record_changes
from byoip.usecases.jobs.guarded_batch import BATCH_LIMIT, GuardedBatch, New
from byoip.usecases.routes.lifecycle import end_routes, still_out


@dataclass(frozen=True, slots=True)
class CloseUnproven:
    """Close claims that were not proven in time, and that hold no routes; tell it a day before.

    Of tokens that expire it is told, too: of ownership tokens, and of an account's API tokens.
    """

    store: Store
    clock: Clock

    async def __call__(self, *, by: Actor) -> int:
        """Close them one by one, each looked at again under its lock; how many were."""
        async with self.store.transaction(actor=by) as tx:
            unproven = await tx.claims.unproven(tx.now, BATCH_LIMIT)
            closing = await tx.claims.not_told(tx.now, BATCH_LIMIT)
            expiring = await tx.tokens.expiring(tx.now, BATCH_LIMIT)
            ending = await tx.credentials.expiring(tx.now, BATCH_LIMIT)
        for claim_id in closing:
            await self._tell(claim_id, by)
        for claim_id in expiring:
            await self._tell_of_token(claim_id, by)
        for account_id, credential_id in ending:
            async with self.store.transaction(actor=by) as tx:
                await tell_of_end(tx, account_id, credential_id)
        batch = GuardedBatch(self.store, self.clock, JobKind.CLOSE_UNPROVEN)
        return await batch([*unproven], partial(self._close, by=by), by=by, new=New(unproven))

    async def _tell(self, claim_id: UUID, by: Actor) -> None:
        """Say that it closes soon: once each, a week and a day before, however late that is."""
        async with self.store.transaction(actor=by) as tx:
            with suppress(ClaimNotFound):
                claim = await tx.lock_claim(claim_id)
                notice, told = notice_due(claim, tx.now), replace(claim, told_closing_at=tx.now)
                closes = closes_at(told, tx.now)
                if notice is None or closes is None:
                    return
                await tx.claims.save(told)
                after = {"closes_at": closes.isoformat(), "days": notice.days}
                tx.record(claim_id, "prefix.closing", after=after)

    async def _tell_of_token(self, claim_id: UUID, by: Actor) -> None:
        """Say that its token soon proves nothing: a week and a day before, if it holds longer."""
        async with self.store.transaction(actor=by) as tx:
            with suppress(ClaimNotFound):
                await tx.lock_claim(claim_id)
                token = await tx.tokens.live(claim_id)
                notice = None if token is None else token_notice_due(token, tx.now)
                if token is None or notice is None:
                    return
                await tx.tokens.told_of(token.id, tx.now)
                after = {"expires_at": token.expires_at.isoformat(), "days": notice.days}
                tx.record(claim_id, "token.expiring", after=after)

    async def _close(self, claim_id: UUID, by: Actor) -> bool:
        async with self.store.transaction(actor=by) as tx:
            await tx.guards.require_running(JobKind.CLOSE_UNPROVEN)
            try:
                claim = await lock_to_leave(tx, claim_id)
            except ClaimNotFound:
                return False
            if not closable(claim, tx.now) or await tx.bindings.of(claim_id):
                return False
            routes = await tx.bgp_prefixes.of(claim_id)
            if await still_out(tx, claim_id) or any(one.locked for one in routes):
                return False
            await end_routes(tx, routes)
            closed = claim.close(Transition.UNPROVEN, tx.now)
            await tx.claims.save(closed)
            await end_token_and_run(tx, claim)
            record_changes(tx, claim, closed)
            await no_rival_any_more(tx, claim)  # it was settled
        return True
