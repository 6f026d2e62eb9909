"""Snapshots of the applied state, and orphans."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix


class RouteSnapshotNotFound(Refusal):
    """No such snapshot was taken, or it was pruned."""

    name = "route_snapshot_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such snapshot of routes: see `byoip advertise snapshots`.")


class OrphanNotFound(Refusal):
    """The speaker does not hold the path, or a row wants it."""

    name = "orphan_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such orphan: see `byoip advertise orphans`.")


class OrphansChanged(Refusal):
    """Another number of orphans is undecided than the operator has looked at."""

    name = "orphans_changed"

    def __init__(self, speaker: str, found: int, asked: int) -> None:
        super().__init__(
            f"{found} orphans of {speaker} are undecided now, not {asked}: nothing was decided."
        )


@dataclass(frozen=True, slots=True)
class SnapshotRoute:
    """A route that at least one speaker had announced."""

    bgp_prefix_id: UUID
    cidr: Prefix
    change: int


@dataclass(frozen=True, slots=True)
class RouteSnapshot:
    """All routes that speakers had announced at one moment. Never changed; old ones are pruned."""

    number: int
    at: datetime
    routes: tuple[SnapshotRoute, ...]


@dataclass(frozen=True, slots=True)
class Unreleased:
    """A route that an older database says is advertised, and that is not up.

    Attributes:
        last_seen: by an observer, as that database has it.
        claim: state and standing of its claim.
        since: when it began to wait.
        doubted: a newer change of it, or of its claim, is lost.
        version: of its claim.
        account: the name of its claim's account.
    """

    bgp_prefix_id: UUID
    claim_id: UUID
    cidr: Prefix
    asn: Asn
    last_seen: datetime | None
    claim: str
    since: datetime
    doubted: bool
    version: int
    account: str


@dataclass(frozen=True, slots=True)
class Orphan:
    """A path that a speaker holds and no row wants, or that it had confirmed as withdrawn.

    Attributes:
        as_path, next_hop, communities: as found; they hint at where the path comes from.
        decided_by, decided_because: of the operator who wants it withdrawn; None: undecided.
        gone_at: since when the speaker does not hold it any more, though no party decided so.
    """

    speaker: str
    cidr: Prefix
    found_at: datetime
    as_path: tuple[int, ...]
    next_hop: str
    communities: tuple[str, ...]
    decided_by: str | None = None
    decided_because: str | None = None
    gone_at: datetime | None = None
