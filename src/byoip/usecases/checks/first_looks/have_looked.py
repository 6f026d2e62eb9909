"""Where a token is issued, a worker looks at the registry before the customer publishes it."""

from collections.abc import Mapping

from byoip.domain.checks.registry import Registry
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.store.transaction import Transaction


async def have_looked(
    tx: Transaction, claim: Claim, token: OwnershipToken, registries: Mapping[str, Registry]
) -> None:
    """Enqueue the look, where the registry has the holder rule, or one has that it may be.

    Who is responsible by then, the job finds out.
    """
    registry = registries.get(claim.registry or "")
    might_be = registries.values() if registry is None else [registry]
    if token.serves(TokenMethod.IRR) and any(one.holder_rule for one in might_be):
        await tx.jobs.enqueue_look(token)
