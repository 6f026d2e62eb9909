"""Reverse DNS, asked for ownership tokens."""

from typing import Protocol
from uuid import UUID

from byoip.domain.checks.reverse_dns.observation import ZoneObservation
from byoip.domain.checks.reverse_zone import ReverseZone


class ReverseDns(Protocol):
    """What stands at the label of a reverse zone?"""

    async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
        """Ask the resolver and, where the zone is not signed, its servers; never raises.

        Questions take turns that belong to the account for which we ask.
        """
        ...
