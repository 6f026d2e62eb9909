"""No prepend that would remove the route at a speaker's neighbours."""

from byoip.domain.asn import Asn
from byoip.domain.routes.prepending import PrependWouldRemove
from byoip.store.transaction import Transaction


async def require_prepend(tx: Transaction, origin: Asn, prepend: int) -> None:
    """Refuse prepends that a speaker's neighbour drops, as workers last found the speakers.

    Raises:
        PrependWouldRemove: a speaker repeats the origin in the path, and a neighbour is in it.
    """
    if prepend and await tx.bgp_prefixes.prepends_are_lost(origin):
        raise PrependWouldRemove(origin)
