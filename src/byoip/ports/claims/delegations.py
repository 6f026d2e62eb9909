from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from byoip.domain.claims.delegation import Delegation


class Delegations(Protocol):
    """What owners let other accounts use."""

    async def of(self, claim_id: UUID) -> Sequence[Delegation]:
        """The claim's delegations whose end is not recorded, in address order."""
        ...

    async def add(self, delegation: Delegation) -> None:
        """Keep a new delegation.

        Raises:
            DelegationOverlaps: some of it is delegated already, by whomever.
            DelegateNotFound: the other account does not exist.
        """
        ...

    async def end(self, ids: Sequence[UUID], now: datetime) -> None:
        """Record the end of delegations; the rows stay."""
        ...

    async def over(self, now: datetime, limit: int) -> Sequence[UUID]:
        """Claims with delegations whose end is to be recorded.

        They have expired; or the claim is not approved, and none of its routes is up.
        """
        ...
