"""Which bindings take effect: those that a majority of the edges has acknowledged."""

from dataclasses import dataclass
from uuid import UUID

from byoip.domain.bindings.edge import agreed
from byoip.domain.history import Actor
from byoip.store.bindings.views import Converged
from byoip.store.transaction import Store, Transaction


@dataclass(frozen=True, slots=True)
class ConvergeBindings:
    """Let take effect what a majority of the edges has acknowledged.

    Claim by claim, each in a transaction of its own under the claim's lock: what is left when this
    ends early, the next acknowledgement or the worker takes up.
    """

    store: Store

    async def __call__(self, *, by: Actor) -> None:
        """Look at all that has not taken effect."""
        by = by.afterwards()
        async with self.store.transaction(actor=by) as tx:
            number = agreed(await tx.edges.all(), await tx.edges.newest())
            claims = await tx.edges.unconverged(number)
        for claim_id in claims:
            async with self.store.transaction(actor=by) as tx:
                for one in await tx.edges.converge(claim_id, number):
                    _record(tx, claim_id, one)


def _record(tx: Transaction, claim_id: UUID, converged: Converged) -> None:
    """Record what took effect; nothing of a service that another has replaced."""
    shown = {"binding_id": converged.binding_id.hex, "cidr": str(converged.cidr)}
    before = {**shown, "service_id": converged.replaced.hex} if converged.replaced else {}
    if converged.service_id is None:
        if before:
            tx.record(claim_id, "binding.gone", before=before)
    elif converged.final:
        after = {**shown, "service_id": converged.service_id.hex}
        tx.record(claim_id, "binding.active", before=before, after=after)
