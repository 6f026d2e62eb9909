from dataclasses import dataclass

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.bindings.edge import EdgeNotFound, EdgeRemoved, edge_name
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.bindings.views import EdgeView
from byoip.store.transaction import Store
from byoip.usecases.bindings.converge_bindings import ConvergeBindings
from byoip.usecases.bindings.put_edge import shown


@dataclass(frozen=True, slots=True)
class RemoveEdge:
    """Take an edge out for good: nobody waits for it, and it does not come back by itself."""

    store: Store
    clock: Clock

    async def __call__(
        self, *, edge: str, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> EdgeView:
        """End it; the row stays.

        Raises:
            InvalidEdgeName, InvalidText, EdgeNotFound: as they say.
        """
        name, why, now = edge_name(edge), stated_reason(reason), self.clock.now()
        async with self.store.transaction(once, actor=by) as tx:
            await tx.edges.alone()
            try:
                known = await tx.edges.lock(name)
            except EdgeRemoved:
                known = None
            if known is None:
                raise EdgeNotFound
            await tx.edges.remove(known, now)
            tx.record_for_operators("edge.removed", why, before=shown(known))
            view = EdgeView(known, await tx.edges.newest())
            await tx.answered(view)
        await ConvergeBindings(self.store, self.clock)(by=by)
        return view
