"""Which routes have drifted from "valid", by the newest accepted snapshot of ROA data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from byoip.domain.checks.origin_drift import Drift
from byoip.domain.checks.origin_validation import Validity


@dataclass(frozen=True, slots=True)
class Reevaluated:
    """All routes, held against one snapshot.

    Attributes:
        routes: how many there are.
        drifts: those that are judged otherwise than before.
    """

    snapshot: int
    routes: int
    drifts: Sequence[Drift]


class Drifts(Protocol):
    """Drifts, within one transaction."""

    async def of(self, claim_id: UUID) -> Validity | None:
        """What is known of the claim's whole prefix; None: nothing but "valid"."""
        ...

    async def reevaluate(self, now: datetime) -> Reevaluated | None:
        """Hold all approved claims and all routes against the newest snapshot, in one query.

        None where there is nothing to do: no snapshot, one older than 24 hours, one that was
        looked at a short while ago, or somebody else is at it.
        """
        ...
