"""Reverse DNS, asked for ownership tokens, and who it is delegated to."""

from typing import Protocol
from uuid import UUID

from byoip.domain.checks.reverse_dns.observation import DelegationSeen, ZoneObservation
from byoip.domain.checks.reverse_zone import ReverseZone


class ReverseDns(Protocol):
    """What stands at the label of a reverse zone?"""

    async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
        """Ask the resolver and, where the zone is not signed, its servers; never raises.

        Questions take turns that belong to the account for which we ask.
        """
        ...


class Delegations(Protocol):
    """To which servers is a reverse zone delegated, by the zones above it?"""

    async def find_delegation(
        self, zone: ReverseZone, label: str, account_id: UUID
    ) -> DelegationSeen:
        """Ask down from the registry's zone, and nobody whom the zone itself names; never raises.

        Questions take turns that belong to the account for which we ask.
        """
        ...
