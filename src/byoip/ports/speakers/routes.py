"""What reconcilers remember, and whose turn it is to act."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path
from byoip.domain.speakers.bgp_peer import BgpPeerKind, Forgotten
from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute, RouteState
from byoip.domain.speakers.route_snapshot import Orphan, RouteSnapshot


class LeadershipLost(Exception):  # noqa: N818 - a state of affairs: somebody else may act now
    """We are not, or cannot tell whether we still are, the one that may tell speakers anything."""


@dataclass(frozen=True, slots=True)
class SpeakerState:
    """A speaker as last found.

    Attributes:
        fault: why it could not be asked; empty while it answers.
        loaded: whether it has every route now.
    """

    name: str
    stage: int
    fault: str
    held: int
    at: datetime
    loaded: bool


@dataclass(frozen=True, slots=True)
class Observation:
    """What one observer said of one row's route.

    Attributes:
        seen_by: a listener's name, or a speaker's and its peer's.
        own_word: it is a speaker of ours that says so of itself.
    """

    bgp_prefix_id: UUID
    seen_by: str
    advertised: bool
    own_word: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person should know as long as it lasts.

    Attributes:
        kind: `stage_skipped`, `unanswered`, `absent`, `still_seen`, `lost`, `fed_by_one`,
            `no_next_hop`.
        subject: of what: a stage, a route, a peer.
    """

    kind: str
    subject: str
    detail: str = ""


class Routes(Protocol):
    """What is wanted of speakers, and what they were given. Each call is a transaction of its own.

    Raises StoreUnavailable, all of it.
    """

    async def known(self, speaker: str) -> Sequence[RouteState]:
        """Every row that is advertised, or that the speaker may have from us."""
        ...

    async def some(self, speaker: str, ids: Collection[UUID]) -> Sequence[RouteState]:
        """The same, of the routes of these rows only."""
        ...

    async def may_hold(
        self, speaker: str, desired_routes: Collection[DesiredRoute], now: datetime
    ) -> Collection[UUID]:
        """Read them again, under lock, and note that the speaker will be asked to announce them.

        Those that are still wanted so; before it is asked.
        """
        ...

    async def given(
        self, speaker: str, desired_routes: Collection[DesiredRoute], now: datetime
    ) -> None:
        """Note that it has announced them."""
        ...

    async def may_withdraw(
        self, speaker: str, desired_routes: Collection[DesiredRoute]
    ) -> Collection[UUID]:
        """Read them again, under lock: those that are withdrawn by the ledger, and given by us."""
        ...

    async def taken(
        self, speaker: str, desired_routes: Collection[DesiredRoute], now: datetime
    ) -> None:
        """Note that it has withdrawn them, unless they were wanted again meanwhile."""
        ...

    async def decided(self, speaker: str) -> Collection[Prefix]:
        """Orphans that an operator decided to withdraw."""
        ...

    async def may_remove(self, speaker: str, orphans: Collection[Prefix]) -> Collection[Prefix]:
        """Of these, those that may be withdrawn now, noted as such in a ledger of their own.

        Only as operators decided, and as no row wants the route; no more in a minute, of all
        speakers, than the breaker lets through of anything; none while the breaker is open for all.
        """
        ...

    async def note_orphans(
        self, speaker: str, orphans: Mapping[Prefix, Path], now: datetime
    ) -> None:
        """Keep which orphans it holds: these, and no others."""
        ...

    async def note_speaker(self, state: SpeakerState) -> None:
        """Keep how it was found."""
        ...

    async def note_listeners(self, answered: Mapping[str, bool], now: datetime) -> None:
        """Keep who was asked, and whether each answered."""
        ...

    async def unsettled(self) -> Sequence[tuple[DesiredRoute, Mapping[str, AppliedRoute]]]:
        """The rows whose last change was not seen everywhere, with their marks by speaker."""
        ...

    async def settle(self, desired_routes: Collection[DesiredRoute]) -> None:
        """Note that these changes were seen everywhere, unless they changed again meanwhile."""
        ...

    async def to_observe(self) -> Sequence[DesiredRoute]:
        """The rows that are advertised, or that somebody is said to see."""
        ...

    async def observed(self, found: Collection[Observation], now: datetime) -> None:
        """Keep what observers said, where it is news."""
        ...

    async def alarms(self, kind: str, standing: Collection[Alarm], now: datetime) -> Sequence[str]:
        """Keep which alarms of a kind stand: these, and no others; the subjects of new ones."""
        ...

    async def take_snapshot(self) -> int | None:
        """Keep the applied state under the next number, if it differs from the last; prune.

        Of what is wanted announced only. All of the last hour are kept, then the last of each
        hour, for a week; the time is the database's.
        """
        ...


class Leadership(Protocol):
    """Ours, until the connection that holds it is lost."""

    async def require(self) -> None:
        """Make sure that it is still ours, just before speakers are told anything.

        Raises:
            LeadershipLost: it is not, or nobody can tell.
        """
        ...

    def woken(self) -> AsyncIterator[UUID]:
        """The rows that changed, as they do.

        Raises:
            LeadershipLost: as above.
        """
        ...


class LeaderElection(Protocol):
    """One process reconciles at a time."""

    def turn(self) -> AbstractAsyncContextManager[Leadership]:
        """Wait for it, and have it while the block runs.

        Raises:
            LeadershipLost: the database is away.
        """
        ...


class RouteRepository(Protocol):
    """What operators look up and decide about routes, within one transaction."""

    async def snapshot(self, number: int) -> RouteSnapshot:
        """One of the kept ones.

        Raises:
            RouteSnapshotNotFound: as it says.
        """
        ...

    async def claims_of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """The claim of each BGP prefix."""
        ...

    async def taken_by_owner(self, bgp_prefix_id: UUID) -> bool:
        """Whether it is its owner who withdrew it last, or offboarded it: see under its lock."""
        ...

    async def advertised_besides(self, ids: Collection[UUID]) -> Sequence[tuple[UUID, Prefix]]:
        """What is wanted announced now, but for these."""
        ...

    async def decide(self, speaker: str, cidr: Prefix, *, by: str, because: str) -> Orphan:
        """Have an orphan withdrawn; how it stood before.

        Raises:
            OrphanNotFound: as it says.
        """
        ...

    async def last_asked(self, station: BgpPeerKind, name: str) -> datetime | None:
        """When somebody who reconciles last asked it, locked; None: nobody, as far as we know."""
        ...

    async def forget(self, station: BgpPeerKind, name: str) -> Forgotten | None:
        """End all that is on record of it; None if nothing is. Nothing that is desired changes."""
        ...
