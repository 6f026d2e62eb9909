from dataclasses import dataclass
from uuid import UUID

from byoip.domain.claims.claim import Claim
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.routes.bgp_prefix import BgpPrefix, BgpPrefixNotFound
from byoip.domain.routes.breaker import Source
from byoip.ports.clock import Clock
from byoip.store.routes.views import BgpPrefixView
from byoip.store.transaction import Store, Transaction
from byoip.usecases.routes.announce import announce
from byoip.usecases.routes.withdraw import tripping, withdraw


@dataclass(frozen=True, slots=True)
class Advertise:
    """Announce or withdraw one route, or change how it is announced."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        claim_id: UUID,
        bgp_prefix_id: UUID | None,
        *,
        advertised: bool | None = None,
        prepend: int | None = None,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> BgpPrefixView:
        """Make it so; what is so already stays untouched, and the view says so.

        Args:
            account_id: the owner's.
            claim_id: the prefix.
            bgp_prefix_id: the route; None: the one that spans the prefix.
            advertised: what is wanted; None: as it is.
            prepend: how often the origin is repeated, 0 to 3; None: as it is.
            by: who asks.
            once: the key of an idempotent write.

        Raises:
            ClaimNotFound, PreconditionFailed, BgpPrefixNotFound, AdvertiseStateLocked: as they say.
            PrefixNotApproved, PrefixSuspended, NotInThisState, Contested,
            IncompleteBgpDeployment, OriginNotValid, OriginUnanswered: it is not announced.
            WithdrawalsStopped: it is not withdrawn.
        """
        async with tripping(self.store), self.store.transaction(once, actor=by) as tx:
            claim = await tx.claims.lock(claim_id, account_id)
            by.seen.require(claim.version)
            before = await _find(tx, claim_id, bgp_prefix_id)
            desired = before.desired
            to = desired.advertised if advertised is None else advertised
            repeat = desired.prepend if prepend is None else prepend
            changes = (to, repeat) != (desired.advertised, desired.prepend)
            after, version = before, claim.version
            if changes:
                before.require_unlocked()
                now = self.clock.now()
                written = claim.written(now)
                await tx.claims.save(written)
                version = written.version
                after = await _change(tx, claim, before, to=to, prepend=repeat)
            view = await tx.bgp_prefixes.view(after, version)
            view = view if changes else view.unchanged
            await tx.answered(view)
        return view


async def _find(tx: Transaction, claim_id: UUID, bgp_prefix_id: UUID | None) -> BgpPrefix:
    if bgp_prefix_id is not None:
        return await tx.bgp_prefixes.get(claim_id, bgp_prefix_id)
    found = await tx.bgp_prefixes.spanning(claim_id)
    if found is None:
        raise BgpPrefixNotFound
    return found


async def _change(
    tx: Transaction, claim: Claim, before: BgpPrefix, *, to: bool, prepend: int
) -> BgpPrefix:
    if to and not before.desired.advertised:
        return await announce(tx, claim, before, prepend=prepend)
    after = before
    if before.desired.advertised and not to:
        # The owner may always withdraw: contested, suspended, no longer approved or not.
        after = await withdraw(tx, before, source=Source.REQUEST)
    elif after.desired.advertised:
        claim.require_not_suspended()
    return await _prepend(tx, after, prepend)


async def _prepend(tx: Transaction, before: BgpPrefix, prepend: int) -> BgpPrefix:
    if before.desired.prepend == prepend:
        return before
    after = before.prepended(prepend, request_id=tx.actor.request_id, now=tx.now)
    await tx.bgp_prefixes.save(after)
    old, new = (
        {
            "bgp_prefix_id": one.id.hex,
            "cidr": str(one.cidr),
            "asn_prepend_count": one.desired.prepend,
        }
        for one in (before, after)
    )
    tx.record(after.claim_id, "bgp_prefix.prepended", before=old, after=new)
    return after
