from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.bindings.edge import Edge, EdgeBehind, EdgeRemoved, edge_name
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.ports.clock import Clock
from byoip.store.bindings.views import EdgeView
from byoip.store.transaction import Store, Transaction
from byoip.usecases.bindings.converge_bindings import ConvergeBindings


@dataclass(frozen=True, slots=True)
class PutEdge:
    """Register an edge, drain it, take it back into service, or put back one that was removed."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        *,
        edge: str,
        drained: bool,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> EdgeView:
        """Have it so. One that is not known is kept, and counts for nothing until it is heard.

        Announcing waits no longer for one that is drained.

        Raises:
            InvalidEdgeName, InvalidText: as they say.
            EdgeBehind: it cannot come back into service yet.
        """
        name, why, now = edge_name(edge), stated_reason(reason), self.clock.now()
        async with self.store.transaction(once, actor=by) as tx:
            await tx.edges.alone()
            before = await _current(name, tx)
            await _demand_caught_up(tx, before, drained=drained)
            wanted = replace(before or _new(name, now), drained=drained)
            await (tx.edges.save(wanted) if before else tx.edges.add(wanted))
            if wanted != before:
                was = shown(before) if before else {}
                kind = "edge.put" if before else "edge.registered"
                tx.record_for_operators(kind, why, before=was, after=shown(wanted))
            view = EdgeView(wanted, await tx.edges.newest())
            await tx.answered(view)
        await ConvergeBindings(self.store, self.clock)(by=by)
        return view


async def _current(name: str, tx: Transaction) -> Edge | None:
    try:
        return await tx.edges.lock(name)
    except EdgeRemoved:
        return None  # it comes back as a new one, with all that a new one has to have first


async def _demand_caught_up(tx: Transaction, edge: Edge | None, *, drained: bool) -> None:
    # Routes went up without it while it was drained: it may lack their default bindings.
    if edge is None or drained or not edge.drained or not edge.counts:
        return
    needed = await tx.edges.newest_bound()
    if edge.acknowledged < needed:
        raise EdgeBehind(edge.acknowledged, needed)


def _new(name: str, now: datetime) -> Edge:
    return Edge(uuid4(), name, now)


def shown(edge: Edge) -> Mapping[str, object]:
    """What the history says of an edge."""
    return {"edge": edge.name, "drained": edge.drained, "acknowledged": edge.acknowledged}
