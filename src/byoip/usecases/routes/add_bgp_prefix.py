from dataclasses import dataclass
from uuid import UUID

from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.prefix import Prefix
from byoip.domain.routes.bgp_prefix import may_add
from byoip.ports.clock import Clock
from byoip.store.routes.views import BgpPrefixView
from byoip.store.transaction import Store
from byoip.usecases.routes.lifecycle import begin_route


@dataclass(frozen=True, slots=True)
class AddBgpPrefix:
    """Let a part of an approved, bound prefix be announced on its own."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        *,
        cidr: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> BgpPrefixView:
        """Keep a new route, withdrawn.

        Raises:
            InvalidPrefix, ClaimNotFound, PreconditionFailed, PrefixNotApproved, PrefixSuspended,
            NotInThisState, IncompleteBgpDeployment, BgpPrefixOutsidePrefix, BgpPrefixTooSpecific,
            BgpPrefixExists, TooManyBgpPrefixes: as their names say.
        """
        wanted = Prefix.parse(cidr)
        async with self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            bindings = await tx.bindings.of(claim_id)
            may_add(wanted, claim, bindings, await tx.bgp_prefixes.of(claim_id))
            now = self.clock.now()
            written = claim.written(now)
            await tx.claims.save(written)
            made = await begin_route(tx, claim, wanted)
            view = BgpPrefixView(made, written.version)
            await tx.answered(view)
        return view
