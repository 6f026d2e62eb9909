from collections.abc import Sequence
from uuid import UUID

from byoip.domain.claim import Claim
from byoip.domain.service_binding import BindingNotFound, ServiceBinding
from byoip.ports.reader import ClaimView
from byoip.ports.store import Shelf


async def view_of(claim: Claim, shelf: Shelf) -> ClaimView:
    """The claim as the API shows it, read within the transaction that changes it."""
    token = await shelf.tokens.newest(claim.id)
    bindings = await shelf.bindings.of(claim.id)
    return ClaimView(claim, token, any(binding.is_default for binding in bindings))


def binding_of(binding_id: UUID, bindings: Sequence[ServiceBinding]) -> ServiceBinding:
    """Pick one binding.

    Raises:
        BindingNotFound: it is not among them.
    """
    for binding in bindings:
        if binding.id == binding_id:
            return binding
    raise BindingNotFound
