from dataclasses import dataclass
from uuid import UUID

from byoip.domain.claim import WithdrawFirst
from byoip.domain.letter import RevokedBecause
from byoip.domain.lifecycle import Move
from byoip.ports.clock import Clock
from byoip.ports.once import Once
from byoip.ports.store import By, Store
from byoip.usecases.end_delegation import end
from byoip.usecases.history import changes, end_token_and_run
from byoip.usecases.keeping_routes import demand_withdrawn, end_routes
from byoip.usecases.revoke_letters import revoke_letters


@dataclass(frozen=True, slots=True)
class RemovePrefix:
    """Give a prefix up. Refused while anything hangs on it; the row stays."""

    store: Store
    clock: Clock

    async def __call__(
        self, account_id: UUID, claim_id: UUID, *, by: By, once: Once | None = None
    ) -> None:
        """Close the claim, end BGP prefixes and delegations, revoke token and letters, end its run.

        Raises:
            ClaimNotFound, PreconditionFailed, PrefixSuspended: as they say.
            WithdrawFirst: the Internet may still know one of its routes, or it has bindings.
        """
        async with self.store.transaction(once) as shelf:
            claim = await shelf.claims.lock(claim_id, account_id)
            by.seen.demand(claim.version)
            claim.demand_not_suspended()  # or it would come back without its suspension
            await demand_withdrawn(shelf, claim_id)
            if await shelf.bindings.of(claim_id):
                raise WithdrawFirst("remove its service bindings first")
            now = self.clock.now()
            await end(await shelf.delegations.of(claim_id), "delegation.ended", shelf, by, now)
            await end_routes(shelf, await shelf.bgp_prefixes.of(claim_id), by, now)
            closed = claim.close(Move.REMOVED, now)
            await shelf.claims.save(closed)
            await end_token_and_run(shelf, claim, by, now)
            await revoke_letters(shelf, claim_id, RevokedBecause.REMOVED, by=by, now=now)
            await shelf.events.add(*changes(claim, closed, by, now))
            await shelf.answered(None)
