"""Where a token is issued, a worker looks at the registry before the customer publishes it."""

from collections.abc import Mapping

from byoip.domain.checks.registry import Registry
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.store.transaction import Transaction


async def have_looked(
    tx: Transaction, claim: Claim, token: OwnershipToken, registries: Mapping[str, Registry]
) -> None:
    """Enqueue the look, unless the registry is known to have no holder rule.

    Who is responsible by then, the job finds out.
    """
    registry = registries.get(claim.registry or "")
    needless = registry is not None and not registry.holder_rule
    if token.serves(TokenMethod.IRR) and not needless:
        await tx.jobs.enqueue_look(token)
