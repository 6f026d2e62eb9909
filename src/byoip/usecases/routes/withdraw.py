"""The only way to withdraw a route: counted by the breaker, under the claim's lock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from byoip.domain.routes.bgp_prefix import BgpPrefix
from byoip.domain.routes.breaker import CeilingReached, Source, Withdrawal
from byoip.store.transaction import Store, Transaction


async def withdraw(
    tx: Transaction, bgp_prefix: BgpPrefix, *, source: Source, job: str = "", run: str = ""
) -> BgpPrefix:
    """Mark a route for withdrawal. The caller must hold the claim's lock.

    Raises:
        WithdrawalsStopped: an open trip of the breaker stops it; nothing was changed.
        CeilingReached: it would be one too many; nothing was changed, see `tripping`.
        RoomAwaited: nothing was changed; an offboarding goes on later.
    """
    asked = Withdrawal(
        bgp_prefix.id, bgp_prefix.account_id, bgp_prefix.desired.change + 1, source, job, run
    )
    entry = await tx.breaker.permit(asked, actor=tx.actor.name, request_id=tx.actor.request_id)
    gone = bgp_prefix.withdrawn(entry, request_id=tx.actor.request_id, now=tx.now)
    await tx.bgp_prefixes.save(gone)
    shown = {"bgp_prefix_id": gone.id.hex, "cidr": str(gone.cidr)}
    before = {**shown, "advertised": bgp_prefix.desired.advertised}
    after = {**shown, "advertised": False, "source": source.value}
    tx.record(gone.claim_id, "bgp_prefix.withdrawn", before=before, after=after)
    return gone


@asynccontextmanager
async def tripping(store: Store) -> AsyncIterator[None]:
    """Wraps a transaction that withdraws; if it reaches a ceiling, opens the trip and refuses.

    The transaction itself is rolled back, so the trip is kept in one of its own. A process that
    dies in between leaves no trip: the next withdrawal reaches the same ceiling.

    Raises:
        WithdrawalsStopped: instead of CeilingReached.
    """
    try:
        yield
    except CeilingReached as reached:
        async with store.transaction() as tx:
            await tx.breaker.trip(reached.trips, actor=reached.actor, request_id=reached.request_id)
        raise reached.refusal from None
