"""What owners want announced, and the breaker that every withdrawal passes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from byoip.domain.routes.bgp_prefix import BgpPrefix
from byoip.domain.routes.breaker import KeptTrip, Parked, Trip, Withdrawal


@dataclass(frozen=True, slots=True)
class Applied:
    """What our speakers say they hold of a route.

    Attributes:
        advertised: true as soon as one speaker has confirmed that it holds it, and until all have
            confirmed that they do not.
        at: when the first of those that hold it confirmed, or the last that gave it up; None: no
            speaker was ever asked.
    """

    advertised: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What is seen of a route: by a listener where one looks, else by our own word.

    Attributes:
        advertised: whether somebody sees it; None: nobody has looked, or not for a minute, which
            is not "no".
        at: when that was last confirmed, by an answer about this route among others; of one that
            is withdrawn and gone, when it was seen to be gone.
        by: who saw it.
        own_word: a speaker of ours says what it sent: nobody else has looked.
    """

    advertised: bool | None = None
    at: datetime | None = None
    by: str | None = None
    own_word: bool | None = None


@dataclass(frozen=True, slots=True)
class BgpPrefixView:
    """A route as desired, applied and observed.

    Attributes:
        version: of its prefix, which counts for its BGP prefixes as well.
        changed: False where a write found everything as it wants it.
    """

    bgp_prefix: BgpPrefix
    version: int
    applied: Applied = Applied()
    observed: Observed = Observed()
    changed: bool = True

    @property
    def unchanged(self) -> "BgpPrefixView":
        """The same, after a write that had nothing to do."""
        return replace(self, changed=False)


class BgpPrefixes(Protocol):
    """The BGP prefixes of a claim; all of it under the claim's lock.

    Saving a new change wakes the reconcilers when the transaction commits.
    """

    async def of(self, claim_id: UUID) -> Sequence[BgpPrefix]:
        """The live ones, in address order."""
        ...

    async def get(self, claim_id: UUID, bgp_prefix_id: UUID) -> BgpPrefix:
        """One of them.

        Raises:
            BgpPrefixNotFound: there is none.
        """
        ...

    async def spanning(self, claim_id: UUID) -> BgpPrefix | None:
        """The live one that is the whole prefix."""
        ...

    async def view(self, bgp_prefix: BgpPrefix, version: int) -> BgpPrefixView:
        """With what speakers hold and what is seen of it."""
        ...

    async def out_elsewhere(self, bgp_prefix: BgpPrefix) -> bool:
        """Whether another claim's row for the same route is wanted, held or seen."""
        ...

    async def add(self, bgp_prefix: BgpPrefix) -> None:
        """Keep a new one.

        Raises:
            BgpPrefixExists: the claim has that route already.
        """
        ...

    async def save(self, bgp_prefix: BgpPrefix) -> None:
        """Write back what may change: what is desired, the lock, the last valid time.

        Raises:
            Contested: another claim's row for the same route is advertised.
        """
        ...

    async def remove(self, bgp_prefix_id: UUID, now: datetime) -> None:
        """End one that is withdrawn; the row stays."""
        ...

    async def lingering(self, claim_id: UUID) -> Sequence[UUID]:
        """Those that are withdrawn, and that a speaker may hold or somebody still sees."""
        ...


class Breaker(Protocol):
    """Counts withdrawals in the database, and stops them."""

    async def permit(self, asked: Withdrawal, *, actor: str, request_id: str) -> UUID:
        """Count one more; the ledger's entry. One at a time, until the transaction ends.

        Raises:
            WithdrawalsStopped: a breaker is open that stops it; nothing was counted.
            RoomAwaited: an offboarding goes on later; nothing was counted.
            CeilingReached: it would be one too many; nothing was counted. Trip in another
                transaction (`trip`), since this one must not do anything.
        """
        ...

    async def trip(
        self, trips: Sequence[Trip], now: datetime, *, actor: str, request_id: str
    ) -> None:
        """Open breakers, with an event for operators; one that is open already stays as it is."""
        ...

    async def open(self) -> Sequence[KeptTrip]:
        """Those that are open, the oldest first."""
        ...

    async def rearm(self, trip_id: UUID, *, by: str, because: str, parked: Parked) -> KeptTrip:
        """Close one again; what it counted before counts no longer.

        Raises:
            TripNotFound: there is no such open one.
        """
        ...
