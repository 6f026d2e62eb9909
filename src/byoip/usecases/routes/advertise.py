from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.claims.claim import Claim
from byoip.domain.routes.bgp_prefix import BgpPrefix, BgpPrefixNotFound
from byoip.domain.routes.breaker import Source
from byoip.ports.clock import Clock
from byoip.ports.once import Once
from byoip.ports.routes.advertising import BgpPrefixView
from byoip.ports.store import By, Event, Shelf, Store
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
        by: By,
        once: Once | None = None,
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
        async with tripping(self.store, self.clock), self.store.transaction(once) as shelf:
            claim = await shelf.claims.lock(claim_id, account_id)
            by.seen.demand(claim.version)
            before = await _find(shelf, claim_id, bgp_prefix_id)
            desired = before.desired
            to = desired.advertised if advertised is None else advertised
            repeat = desired.prepend if prepend is None else prepend
            changes = (to, repeat) != (desired.advertised, desired.prepend)
            after, version = before, claim.version
            if changes:
                before.demand_unlocked()
                now = self.clock.now()
                written = claim.written(now)
                await shelf.claims.save(written)
                version = written.version
                after = await _change(shelf, claim, before, to=to, prepend=repeat, by=by, now=now)
            view = await shelf.bgp_prefixes.view(after, version)
            view = view if changes else view.unchanged
            await shelf.answered(view)
        return view


async def _find(shelf: Shelf, claim_id: UUID, bgp_prefix_id: UUID | None) -> BgpPrefix:
    if bgp_prefix_id is not None:
        return await shelf.bgp_prefixes.get(claim_id, bgp_prefix_id)
    found = await shelf.bgp_prefixes.spanning(claim_id)
    if found is None:
        raise BgpPrefixNotFound
    return found


async def _change(
    shelf: Shelf,
    claim: Claim,
    before: BgpPrefix,
    *,
    to: bool,
    prepend: int,
    by: By,
    now: datetime,
) -> BgpPrefix:
    if to and not before.desired.advertised:
        return await announce(shelf, claim, before, prepend=prepend, by=by, now=now)
    after = before
    if before.desired.advertised and not to:
        # The owner may always withdraw: contested, suspended, no longer approved or not.
        after = await withdraw(shelf, before, by=by, now=now, source=Source.REQUEST)
    elif after.desired.advertised:
        claim.demand_not_suspended()
    return await _prepend(shelf, after, prepend, by, now)


async def _prepend(
    shelf: Shelf, before: BgpPrefix, prepend: int, by: By, now: datetime
) -> BgpPrefix:
    if before.desired.prepend == prepend:
        return before
    after = before.prepended(prepend, request_id=by.request_id, now=now)
    await shelf.bgp_prefixes.save(after)
    old, new = (
        {
            "bgp_prefix_id": one.id.hex,
            "cidr": str(one.cidr),
            "asn_prepend_count": one.desired.prepend,
        }
        for one in (before, after)
    )
    await shelf.events.add(Event(after.claim_id, "bgp_prefix.prepended", by, now, old, new))
    return after
