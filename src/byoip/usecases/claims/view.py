from collections.abc import Sequence
from uuid import UUID

from byoip.domain.bindings.service_binding import BindingNotFound, Provisioning, ServiceBinding
from byoip.domain.claims.claim import Claim
from byoip.domain.routes.bgp_prefix import BgpPrefix
from byoip.store.claims.views import ClaimView, SpanningRoute
from byoip.store.transaction import Transaction


async def view_of(claim: Claim, tx: Transaction) -> ClaimView:
    """The claim as the API shows it, read within the transaction that changes it."""
    token = await tx.tokens.newest(claim.id)
    default = await _default_binding(claim, tx)
    return ClaimView(
        claim,
        token,
        default,
        route_of(await tx.bgp_prefixes.spanning(claim.id)),
        await tx.drifts.of(claim.id),
    )


async def _default_binding(claim: Claim, tx: Transaction) -> Provisioning | None:
    default = next((one for one in await tx.bindings.of(claim.id) if one.is_default), None)
    if default is None or not await tx.edges.lacking(default.id):
        return None if default is None else default.state
    return Provisioning.PROVISIONING


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
