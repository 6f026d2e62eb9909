from dataclasses import dataclass
from uuid import UUID

from byoip.domain.bindings.edge import EdgeNotFound, FeedReplaced, edge_name
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.bindings.views import EdgeView
from byoip.store.transaction import Store, Transaction
from byoip.usecases.bindings.converge_bindings import ConvergeBindings


@dataclass(frozen=True, slots=True)
class AcknowledgeChanges:
    """Note which changes an edge has carried out. Operators register edges, nobody else does."""

    store: Store
    clock: Clock

    async def __call__(
        self, *, edge: str, feed: UUID, number: int, by: Actor, once: IdempotencyKey | None = None
    ) -> EdgeView:
        """Keep it, and let take effect what a majority has acknowledged now.

        Raises:
            InvalidEdgeName, EdgeNotFound, EdgeRemoved, FeedReplaced, ChangeNotMadeYet: as they say.
        """
        name = edge_name(edge)
        async with self.store.transaction(once, actor=by) as tx:
            known = [one.name for one in await tx.edges.all() if one.counts]
            if name not in known:
                await tx.edges.alone()  # it may begin to count
            view = await self._heard(name, feed, number, tx)
            await tx.answered(view)
        await ConvergeBindings(self.store, self.clock)(by=by)
        return view

    async def _heard(self, name: str, feed: UUID, number: int, tx: Transaction) -> EdgeView:
        before = await tx.edges.lock(name)
        if before is None:
            raise EdgeNotFound
        # Asked under the edge's lock: whoever begins the feed anew writes the edge after this.
        if feed != await tx.edges.feed():
            raise FeedReplaced
        newest = await tx.edges.newest()
        heard = before.heard(number, newest=newest, now=self.clock.now())
        await tx.edges.save(heard)
        return EdgeView(heard, newest)
