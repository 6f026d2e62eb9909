"""What is known of snapshots of ROA data and registration statistics."""

from dataclasses import dataclass
from datetime import datetime

from byoip.domain.checks.vrp_snapshot import Objection, Tally


@dataclass(frozen=True, slots=True)
class VrpSnapshot:
    """One numbered snapshot, accepted or refused.

    Attributes:
        tally: None when nothing could be loaded.
        kept: whether its entries are still there, so that it may be accepted.
    """

    number: int
    accepted: bool
    attempted_at: datetime
    source: str | None
    tally: Tally | None
    objections: tuple[Objection, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class SnapshotAcceptance:
    """An operator's decision that a refused snapshot is right after all."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RoaStatus:
    """How fresh ROA data is, for metrics and operators.

    Attributes:
        current: the snapshot in use.
        latest: the newest attempt; refused where it is not `current`.
        refused_since: attempts refused since the current one was made.
    """

    current: VrpSnapshot | None
    latest: VrpSnapshot | None
    refused_since: int


@dataclass(frozen=True, slots=True)
class RegistrationStatus:
    """One registry's statistics.

    Attributes:
        serial: of the file in use; None before the first.
        loaded_at: when that file was fetched.
        ranges: how many prefixes it holds.
        fault: why the newest attempt failed; None when it did not.
        refused: prefixes of the newest file, where it was refused for having too few.
        acceptance: an operator's decision that it is right all the same; the next file is then
            compared with it.
    """

    registry: str
    serial: str | None
    loaded_at: datetime | None
    ranges: int
    fault: str | None
    refused: int | None = None
    acceptance: SnapshotAcceptance | None = None
