from dataclasses import dataclass
from uuid import uuid4

from byoip.domain.customer_text import CustomerText
from byoip.domain.edge import Edge, edge_name
from byoip.ports.clock import Clock
from byoip.ports.edges import EdgeView
from byoip.ports.once import Once
from byoip.ports.store import By, Shelf, Store
from byoip.usecases.operating import noted
from byoip.usecases.settle_bindings import SettleBindings

_WHY = CustomerText("It acknowledged for the first time.")


@dataclass(frozen=True, slots=True)
class AcknowledgeChanges:
    """Note which changes an edge has carried out. An edge that is new is registered by that."""

    store: Store
    clock: Clock

    async def __call__(
        self, *, edge: str, number: int, by: By, once: Once | None = None
    ) -> EdgeView:
        """Keep it, and let take effect what a majority has acknowledged now.

        Raises:
            InvalidEdgeName, EdgeRemoved, ChangeNotMadeYet: as they say.
        """
        name = edge_name(edge)
        async with self.store.transaction(once) as shelf:
            known = [one.name for one in await shelf.edges.all() if one.counts]
            if name not in known:
                await shelf.edges.alone()  # it may begin to count
            view = await self._heard(name, number, by, shelf)
            await shelf.answered(view)
        await SettleBindings(self.store, self.clock)(by=by)
        return view

    async def _heard(self, name: str, number: int, by: By, shelf: Shelf) -> EdgeView:
        now = self.clock.now()
        before = await shelf.edges.lock(name)
        newest = await shelf.edges.newest()
        heard = (before or Edge(uuid4(), name, now)).heard(number, newest=newest, now=now)
        if before is not None:
            await shelf.edges.save(heard)
            return EdgeView(heard, newest)
        await shelf.edges.add(heard)
        event = noted("edge.registered", by, _WHY, now, after={"edge": name, "number": number})
        await shelf.operating.events.add(event)
        return EdgeView(heard, newest)
