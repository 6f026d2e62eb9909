from collections.abc import Sequence
from uuid import UUID

from byoip.domain.bgp_prefix import BgpPrefix
from byoip.domain.claim import Claim
from byoip.domain.service_binding import BindingNotFound, ServiceBinding
from byoip.ports.reader import ClaimView, SpanningRoute
from byoip.ports.store import Shelf


async def view_of(claim: Claim, shelf: Shelf) -> ClaimView:
    """The claim as the API shows it, read within the transaction that changes it."""
    token = await shelf.tokens.newest(claim.id)
    bindings = await shelf.bindings.of(claim.id)
    return ClaimView(
        claim,
        token,
        any(binding.is_default for binding in bindings),
        route_of(await shelf.bgp_prefixes.spanning(claim.id)),
        await shelf.drifts.of(claim.id),
    )


def route_of(spanning: BgpPrefix | None) -> SpanningRoute | None:
    """What a prefix shows of the route that spans it."""
    if spanning is None:
        return None
    return SpanningRoute(spanning.desired.advertised, spanning.desired.at, spanning.locked)


def binding_of(binding_id: UUID, bindings: Sequence[ServiceBinding]) -> ServiceBinding:
    """Pick one binding.

    Raises:
        BindingNotFound: it is not among them.
    """
    for binding in bindings:
        if binding.id == binding_id:
            return binding
    raise BindingNotFound
