from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.bindings.edge import agreed
from byoip.domain.history import Actor, Event
from byoip.ports.clock import Clock
from byoip.store.bindings.views import Settled
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class ConvergeBindings:
    """Let take effect what a majority of the edges has acknowledged.

    Claim by claim, each in a transaction of its own under the claim's lock: whatever is left when
    this ends early, the next acknowledgement takes up.
    """

    store: Store
    clock: Clock

    async def __call__(self, *, by: Actor) -> None:
        """Look at all that has not taken effect."""
        async with self.store.transaction() as tx:
            number = agreed(await tx.edges.all(), await tx.edges.newest())
            claims = await tx.edges.unsettled(number)
        for claim_id in claims:
            async with self.store.transaction() as tx:
                settled = await tx.edges.settle(claim_id, number)
                now = self.clock.now()
                told = [_told(claim_id, one, by, now) for one in settled]
                await tx.events.add(*(event for event in told if event))


def _told(claim_id: UUID, settled: Settled, by: Actor, now: datetime) -> Event | None:
    """What the prefix's history says of it; nothing of a service that another has replaced."""
    shown = {"binding_id": settled.binding_id.hex, "cidr": str(settled.cidr)}
    before = {**shown, "service_id": settled.replaced.hex} if settled.replaced else {}
    if settled.service_id is None:
        return Event(claim_id, "binding.gone", by, now, before=before) if before else None
    if not settled.final:
        return None
    after = {**shown, "service_id": settled.service_id.hex}
    return Event(claim_id, "binding.active", by, now, before, after)
